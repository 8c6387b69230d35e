import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startProgram, stopProgram } from '../lib/programs.mjs';

const file = fileURLToPath(new URL('providers-process.mjs', import.meta.url));

/** The providers' process, seen from here. One thing is asked of it at a time. */
export class Providers {
  #program = startProgram('providers', { args: [file], ipc: true });
  #last = Promise.resolve();
  ports = [];

  /** Starts them; `specs` as in provider.mjs. */
  static async start(specs, seed) {
    const providers = new Providers();
    providers.ports = (await providers.#ask({ specs, seed })).ports;
    return providers;
  }

  /** Changes those with these indices (see Provider.change). */
  change(of, change) {
    return this.#ask({ change, of });
  }

  async counts() {
    return (await this.#ask({ ask: 'counts' })).counts;
  }

  stop() {
    return stopProgram(this.#program, 'SIGKILL');
  }

  #ask(message) {
    this.#last = this.#last.then(async () => {
      const { child, ended } = this.#program;
      const early = ended.then((how) => Promise.reject(new Error(`the providers ended (${how})`)));
      early.catch(() => {});
      child.send(message);
      const [answer] = await Promise.race([once(child, 'message'), early]);
      return answer;
    });
    return this.#last;
  }
}
