/** Logs what was refused for want of permission, so many lines a minute at most: a browser or an attacker asks often. */

import type { Clock } from '../clock.ts';
import type { Logger } from '../log.ts';

const MAX_LINES = 20;
const PERIOD_MS = 60_000;

export class RefusalLog {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #periodEndMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #left = 0;

  constructor(clock: Clock, logger: Logger) {
    this.#clock = clock;
    this.#logger = logger;
  }

  /** The first line of a minute says how many were left out before it. */
  write(call: object): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs >= this.#periodEndMs) {
      this.#periodEndMs = nowMs + PERIOD_MS;
      this.#lines = 0;
    }
    if (this.#lines === MAX_LINES) {
      this.#left += 1;
      return;
    }
    this.#lines += 1;
    this.#logger.warn({ ...call, ...(this.#left > 0 && { notLogged: this.#left }) }, 'Admin call refused');
    this.#left = 0;
  }
}
