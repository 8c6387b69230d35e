/** Whether Redis works, in one log line for each change. */

import type { Logger } from '../../log.ts';

/**
 * `alone`: nothing is shared; `messages`: by messages alone, since the hash can't be used; `hash`: by the hash alone, since
 * messages are refused; `clock`: replicas with another clock take nothing from this one, or it nothing from them.
 */
export type Trouble = 'alone' | 'messages' | 'hash' | 'clock';

const LINES: Readonly<Record<Trouble, string>> = {
  alone: 'Redis does not work: this replica goes on by itself',
  messages: 'Redis can’t keep what replicas share: they go on by messages alone',
  hash: 'Redis takes no messages of this replica: what it tells reaches the others seconds later',
  clock:
    'The clock of this machine, or that of Redis, is wrong: replicas with another one share nothing with this one',
};

/**
 *     unknown --works-->   works    (a line)
 *     unknown --trouble--> trouble  (a line)
 *     works   --trouble--> trouble  (a line)
 *     trouble --trouble--> trouble  (a line if it is another one)
 *     trouble --works-->   works    (a line)
 */
export class Health {
  readonly #logger: Logger;
  readonly #redis: string;
  /** Of a defect: it may be met again and again. */
  #hasTold = false;
  #state: 'unknown' | 'works' | Trouble = 'unknown';

  /** `redis`: where it is, without secrets. */
  constructor(logger: Logger, redis: string) {
    this.#logger = logger;
    this.#redis = redis;
  }

  get isUp(): boolean {
    return this.#state === 'works';
  }

  works(): void {
    if (this.#state === 'works') return;
    const line = this.#state === 'unknown' ? 'Shares with other replicas through Redis' : 'Redis works again';
    this.#state = 'works';
    this.#logger.info({ redis: this.#redis }, line);
  }

  /** Part of what was heard is lost; the rest goes on. */
  defect(err: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#logger.error({ err }, 'What another replica has told was lost by a defect');
  }

  /** `problem`: in plain words, without secrets. */
  fails(trouble: Trouble, problem: string): void {
    if (this.#state === trouble) return;
    this.#state = trouble;
    this.#logger.warn({ redis: this.#redis, problem }, LINES[trouble]);
  }
}
