/** Looks up names through the C library, only a few at a time. */

import { lookup } from 'node:dns';

/** The C library's look-up, which can't be stopped and holds one of libuv's few threads as long as it takes. */
export type SystemLookUp = (name: string) => Promise<readonly string[]>;

/** libuv has four threads, which files and compression need as well. */
const MAX_LOOK_UPS = 2;

/** Calls for the same name at the same time share one look-up. */
export class SystemResolver {
  readonly #lookUp: SystemLookUp;
  readonly #underWay = new Map<string, Promise<readonly string[]>>();
  readonly #waiting: (() => void)[] = [];

  constructor(lookUp: SystemLookUp = systemLookUp) {
    this.#lookUp = lookUp;
  }

  /** Rejects with the system's error, or when its turn comes after `signal` was aborted. */
  async find(name: string, signal: AbortSignal): Promise<readonly string[]> {
    const running = this.#underWay.get(name);
    if (running) return running;
    if (this.#underWay.size >= MAX_LOOK_UPS) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      signal.throwIfAborted();
      return this.find(name, signal);
    }
    const found = this.#lookUp(name).finally(() => {
      this.#underWay.delete(name);
      // Wakes all waiting calls: each goes ahead or waits again.
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.#underWay.set(name, found);
    return found;
  }
}

function systemLookUp(name: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    lookup(name, { all: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });
}
