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
 *     trouble --trouble--> trouble
 *     trouble --works-->   works    (a line)
 */
export class Health {
  readonly #logger: Logger;
  readonly #redis: string;
  /** Of a defect: it may be met again and again. */
  #hasTold = false;
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
    if (this.#state === 'trouble') return;
    this.#state = 'trouble';
    this.#logger.warn({ redis: this.#redis, problem }, LINES[trouble]);
  }
}
