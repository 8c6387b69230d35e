import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { releasedPort } from './fake-upstream.ts';
import { rpc } from './http-client.ts';
import { releaseAfterwards } from './leftovers.ts';
import { until, within } from './waiting.ts';

/** The program comes in a package of its own for each platform. */
const packages: Readonly<Record<string, string>> = {
  'darwin-arm64': '@foundry-rs/anvil-darwin-arm64',
  'darwin-x64': '@foundry-rs/anvil-darwin-amd64',
  'linux-arm64': '@foundry-rs/anvil-linux-arm64',
  'linux-x64': '@foundry-rs/anvil-linux-amd64',
  'win32-x64': '@foundry-rs/anvil-win32-amd64',
};

/** Another process may take a port between the moment it was found free and the moment Anvil wants it. */
const START_TRIES = 5;

/** The file of the program; throws when there is none for `platform`, or when it is not installed. */
export function anvilProgram(platform = `${process.platform}-${process.arch}`): string {
  const name = packages[platform];
  if (name === undefined) throw new Error(`there is no Anvil for ${platform}`);
  const file = `${name}/bin/anvil${platform.startsWith('win32') ? '.exe' : ''}`;
  try {
    return createRequire(import.meta.url).resolve(file);
  } catch (cause) {
    const advice = 'it is an optional dependency of @foundry-rs/anvil: install without --omit=optional';
    throw new Error(`${name} is not installed; ${advice}`, { cause });
  }
}

/** A real Ethereum node with a chain of its own, on 127.0.0.1; a block for each transaction, at once. */
export class Anvil {
  readonly chainId: number;
  #port = 0;
  #child: ChildProcess | undefined;

  private constructor(chainId: number) {
    this.chainId = chainId;
  }

  /** Resolves when a node with ten rich accounts answers on a free port. */
  static async start(chainId = 31_337): Promise<Anvil> {
    const anvil = new Anvil(chainId);
    releaseAfterwards(() => anvil.kill());
    for (let tries = 1; ; tries++) {
      anvil.#port = await releasedPort();
      try {
        await anvil.startAgain();
        return anvil;
      } catch (error) {
        if (tries === START_TRIES || !anvil.hasExited) throw error;
      }
    }
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  get hasExited(): boolean {
    const child = this.#child;
    return !child || child.exitCode !== null || child.signalCode !== null;
  }

  /** Starts a new chain on the port it had. Resolves when it answers; throws when it ends before that. */
  async startAgain(): Promise<void> {
    if (!this.hasExited) throw new Error('this Anvil runs already');
    const words = [
      '--silent',
      '--host',
      '127.0.0.1',
      '--port',
      `${this.#port}`,
      '--chain-id',
      `${this.chainId}`,
    ];
    // Nothing of this process's environment: Anvil has variables of its own.
    const child = spawn(anvilProgram(), words, { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
    this.#child = child;
    let complaints = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaints += text;
    });
    await once(child, 'spawn');
    const early = once(child, 'close').then(() => {
      throw new Error(`Anvil ended before it answered: ${complaints}`);
    });
    const settled = async () => this.hasExited || (await this.#answersNow());
    await Promise.race([until(settled, `Anvil on port ${this.#port}`, 10_000), early]);
    // An answer that came although it ended was another process's.
    if (this.hasExited) await early;
  }

  /** Ends it in the middle of whatever it does, as a crash would. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Asks it to end, as an operator would. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** From now on it takes connections and requests, and answers none. Only `kill` helps. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child || this.hasExited) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await within(exited, 10_000, `the end of Anvil after ${signal}`);
  }

  async #answersNow(): Promise<boolean> {
    try {
      return (await rpc(this.url, 'eth_chainId')).reply.result === `0x${this.chainId.toString(16)}`;
    } catch {
      return false;
    }
  }
}

/** So many nodes of the same chain id; their chains have nothing to do with each other. */
export function startAnvils(count: number): Promise<Anvil[]> {
  return Promise.all(Array.from({ length: count }, () => Anvil.start()));
}
