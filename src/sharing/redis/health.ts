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
 *     trouble --trouble--> trouble  (a line if it is of another kind, or a new refusal of Redis itself)
 *     trouble --works-->   works    (a line)
 */
export class Health {
  readonly #logger: Logger;
  readonly #redis: string;
  /** Of a defect: it may be met again and again. */
  #hasTold = false;
  /** What was logged since it worked. */
  readonly #told = new Set<string>();
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
    this.#told.clear();
    this.#logger.info({ redis: this.#redis }, line);
  }

  /** Part of what was heard is lost; the rest goes on. */
  defect(err: unknown): void {
    if (this.#hasTold) return;
    this.#hasTold = true;
    this.#logger.error({ err }, 'What another replica has told was lost by a defect');
  }

  /**
   * `problem`: in plain words, without secrets. `isRefusal`: it came from Redis itself, so it stays until somebody mends
   * it, and is told even where the trouble began otherwise: a password that is wanted after a restart, for instance.
   */
  fails(trouble: Trouble, problem: string, isRefusal = trouble !== 'alone'): void {
    const isNews = this.#state !== trouble || isRefusal;
    this.#state = trouble;
    const told = `${trouble}: ${problem}`;
    if (!isNews || this.#told.has(told)) return;
    this.#told.add(told);
    this.#logger.warn({ redis: this.#redis, problem }, LINES[trouble]);
  }
}
