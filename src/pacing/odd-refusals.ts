/** Refusals that show no limit of the rate. */

import { MEASURED_MS } from './full-moments.ts';

/** A rest that is so long, and much longer than those before, is no part of a window. */
const LEAST_OUTAGE_MS = 10_000;
const MUCH_LONGER = 4;
/** Calls a second. */
const HARDLY_ANY = 5;

/** Times are milliseconds. */
export class OddRefusals {
  #strayMs = -Infinity;
  #longestRestMs = 0;

  /**
   * A single refusal while hardly anything is sent, at a rate of `peak` calls a millisecond, may have any reason; a
   * second one soon after it shows a limit.
   */
  isStray(peak: number, nowMs: number): boolean {
    const isFirst = nowMs - this.#strayMs > MEASURED_MS;
    this.#strayMs = nowMs;
    return isFirst && peak * MEASURED_MS < HARDLY_ANY;
  }

  /** Whether everything was refused for so long that it says nothing of the limit, which is known already. */
  isOutage(restMs: number, isKnown: boolean): boolean {
    if (isKnown && restMs > LEAST_OUTAGE_MS && restMs > MUCH_LONGER * this.#longestRestMs) return true;
    this.#longestRestMs = Math.max(this.#longestRestMs, restMs);
    return false;
  }
}
