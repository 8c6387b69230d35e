import { lookup } from 'node:dns';

/** The C library's look-up, which can't be stopped and holds one of libuv's few threads as long as it takes. */
export type SystemLookUp = (name: string) => Promise<readonly string[]>;

/** libuv has four threads, which files and compression need as well. */
const LANES = 2;

/** Has few look-ups made at a time, and one for each name: who wants a name that is being looked up joins in. */
export class SystemLanes {
  readonly #system: SystemLookUp;
  readonly #underWay = new Map<string, Promise<readonly string[]>>();
  readonly #waiting: (() => void)[] = [];

  constructor(system: SystemLookUp = askSystem) {
    this.#system = system;
  }

  /** Rejects with the system's error, or when its turn comes after `signal` has said that nobody wants it any more. */
  async find(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const running = this.#underWay.get(name);
    if (running) return running;
    if (this.#underWay.size >= LANES) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.throwIfAborted();
      return this.find(name, signal);
    }
    const found = this.#system(name).finally(() => {
      this.#underWay.delete(name);
      // All of them: those that are still wanted wait again.
      for (const go of this.#waiting.splice(0)) go();
    });
    this.#underWay.set(name, found);
    return found;
  }
}

function askSystem(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });
}
