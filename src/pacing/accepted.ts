/** How many calls were accepted, by this process and by all that share the budget. */

import { NOBODY, type Others } from './others.ts';
import { RecentCalls } from './recent-calls.ts';

/** Times are monotonic milliseconds. */
export class Accepted {
  readonly #recent = new RecentCalls();
  #elsewhere = 0;
  /** Of this process. */
  here = 0;
  others: Others = NOBODY;

  /** Returns how many were accepted by all since the last one here. */
  add(calls: number, nowMs: number): number {
    this.here += calls;
    this.#recent.add(calls, nowMs);
    const elsewhere = this.others.acceptedAt(nowMs);
    const since = Math.max(0, elsewhere - this.#elsewhere);
    this.#elsewhere = elsewhere;
    return calls + since;
  }

  /** Of all. */
  at(nowMs: number): number {
    return this.here + this.others.acceptedAt(nowMs);
  }

  /** Of this process: since the start, and in the last second. */
  own(nowMs: number): { readonly accepted: number; readonly perSecond: number } {
    return { accepted: this.here, perSecond: this.#recent.lastSecond(nowMs) };
  }

  /** In the last second, of all. */
  lately(nowMs: number): number {
    return this.#recent.lastSecond(nowMs) + this.others.rate * 1000;
  }
}
