import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until } from '../support/waiting.ts';

const COMMAND_MS = 10_000;

/** A terminal, as far as a reader of the documents needs one: commands go in, what is printed comes out. */
export class Shell {
  readonly #child: ChildProcess;
  #output = '';
  #commands = 0;

  /** Starts a POSIX shell. After the test it is killed, with all that it has started. */
  constructor(cwd: string, env: Readonly<Record<string, string>>) {
    const { PATH = '', HOME = '' } = process.env;
    // A process group of its own, which the programs in the background share.
    this.#child = spawn('sh', [], {
      cwd,
      env: { PATH, HOME, NO_COLOR: '1', npm_config_update_notifier: 'false', ...env },
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    const closed = once(this.#child, 'close');
    releaseAfterwards(async () => {
      const { pid } = this.#child;
      if (pid !== undefined) process.kill(-pid, 'SIGKILL');
      await closed;
    });
  }

  /** All that was printed so far. */
  output(): string {
    return this.#output;
  }

  /** Types the commands; resolves to what is printed until the last one is done. */
  async run(commands: string): Promise<string> {
    const from = this.#output.length;
    this.#commands += 1;
    const marker = `<done ${this.#commands}: `;
    this.#child.stdin?.write(`${commands}\nprintf '%s%s>\\n' '${marker}' $?\n`);
    const end = await until(
      () => {
        const at = this.#output.indexOf(marker, from);
        return at < 0 ? undefined : at;
      },
      `the end of: ${commands}`,
      COMMAND_MS,
    );
    return this.#output.slice(from, end);
  }
}

/** Whether this machine has the program. */
export function hasProgram(name: string): boolean {
  return spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0;
}
