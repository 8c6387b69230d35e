/** Whether Redis works, in one log line for each change. */

import type { Logger } from '../../log.ts';

/** `alone`: nothing is shared; `messages`: by messages alone, since the hash can't be used. */
export type Trouble = 'alone' | 'messages';

const LINES: Readonly<Record<Trouble, string>> = {
  alone: 'Redis does not work: this replica goes on by itself',
  messages: 'Redis can’t keep what replicas share: they go on by messages alone',
};

/**
 *     unknown --works-->   works    (a line)
 *     unknown --trouble--> trouble  (a line)
 *     works   --trouble--> trouble  (a line)
 *     trouble --trouble--> trouble  (a line where Redis refuses, once for each reason)
 *     trouble --works-->   works    (a line)
 */
export class Health {
  readonly #logger: Logger;
  readonly #redis: string;
  /** Of a defect: it may be met again and again. */
  #hasTold = false;
  /** Problems since it worked. */
  readonly #told = new Set<string>();
  #state: 'unknown' | 'works' | 'trouble' = 'unknown';

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
  fails(trouble: Trouble, problem: string, isRefusal = trouble === 'messages'): void {
    if (this.#state === 'trouble' && (!isRefusal || this.#told.has(problem))) return;
    this.#state = 'trouble';
    this.#told.add(problem);
    this.#logger.warn({ redis: this.#redis, problem }, LINES[trouble]);
  }
}
