/** The limit that headers tell, as far as it agrees with what happens: it may be meant for others, or for other calls. */

import { RecentCalls } from './recent-calls.ts';

/** What rate headers say: `limit` calls in `windowMs`, `remaining` of them until `resetAtMs`. */
export interface RateHeaders {
  readonly limit?: number;
  readonly windowMs?: number;
  readonly remaining?: number;
  readonly resetAtMs?: number;
}

/** Longer windows that headers tell are no matter of pacing. */
export const LONGEST_TOLD_MS = 600_000;
/** Until a refusal agrees with the limit, it keeps calls away for no longer than this. */
const DOUBT_MS = 2_000;
/** What fits into a window is accepted twice where one ends and the next one begins; more is not. */
const MOST_IN_A_WINDOW = 2;
const SLOT_MS = 10_000;
/** Shorter times until a reset are rounded up. */
const SHORTEST_RESET_MS = 2_000;

/** Times are monotonic milliseconds, rates calls a millisecond. */
export class ToldLimit {
  readonly #recent = new RecentCalls(LONGEST_TOLD_MS / SLOT_MS, SLOT_MS);
  #rate = 0;
  /** More than this was accepted, although it was told. */
  #wrongRate = 0;
  #isConfirmed = false;
  #sentMs = -Infinity;
  /** When it was told that nothing is left, and until when. */
  #emptySinceMs = -Infinity;
  #emptyUntilMs = -Infinity;
  /** A call was accepted, although nothing was left. */
  #isEmptyWrong = false;
  /** A call was refused, and none accepted since then while nothing was left. */
  #isEmptyConfirmed = false;

  sent(nowMs: number): void {
    this.#sentMs = nowMs;
  }

  accepted(calls: number, nowMs: number): void {
    if (this.#rate > 0) this.#recent.add(calls, nowMs);
  }

  refused(): void {
    this.#isConfirmed = this.#rate > 0;
    this.#wrongRate = 0;
  }

  /** A call that was sent at that moment came back well. */
  answered(sentMs: number, nowMs: number): void {
    if (sentMs <= this.#emptySinceMs || nowMs >= this.#emptyUntilMs) return;
    this.#isEmptyWrong = true;
    this.#isEmptyConfirmed = false;
    this.#emptyUntilMs = -Infinity;
  }

  /** Refused while nothing is left: returns until when that is so; undefined where it is not told. */
  refusedEmpty(nowMs: number): number | undefined {
    this.#isEmptyWrong = false;
    this.#isEmptyConfirmed = true;
    return nowMs < this.#emptyUntilMs ? this.#emptyUntilMs : undefined;
  }

  /** Until when nothing should be sent because nothing is left; -Infinity if that is not told, or wrong. */
  emptyUntilMs({ remaining, resetAtMs = Infinity }: RateHeaders, nowMs: number): number {
    const leftMs = resetAtMs - nowMs;
    if (remaining !== 0 || this.#isEmptyWrong) return -Infinity;
    if (leftMs < SHORTEST_RESET_MS || leftMs > LONGEST_TOLD_MS) return -Infinity;
    if (nowMs >= this.#emptyUntilMs) this.#emptySinceMs = nowMs;
    this.#emptyUntilMs = resetAtMs;
    return this.#isEmptyConfirmed ? resetAtMs : Math.min(resetAtMs, this.#emptySinceMs + DOUBT_MS);
  }

  /** An operator says that it may be asked again. */
  endEmpty(): void {
    this.#emptyUntilMs = -Infinity;
  }

  /** What headers tell; undefined if they tell no rate, Infinity if it is wrong. `lately` were accepted in a second. */
  rateOf(
    { limit = 0, windowMs = Infinity, remaining = 0 }: RateHeaders,
    lately: number,
    nowMs: number,
  ): number | undefined {
    const rate = limit / windowMs;
    if (!(rate > 0 && rate < Infinity) || windowMs > LONGEST_TOLD_MS) return undefined;
    if (rate !== this.#rate) this.#isConfirmed = false;
    this.#rate = rate;
    // In windows of less than a second as many may be accepted several times.
    const inSecond = windowMs < 1000 ? (lately * windowMs) / 1000 : lately;
    const accepted = Math.max(inSecond, this.#recent.within(windowMs, nowMs));
    if (accepted > MOST_IN_A_WINDOW * limit || remaining > limit)
      this.#wrongRate = Math.max(this.#wrongRate, rate);
    return rate > this.#wrongRate ? rate : Infinity;
  }

  /** When the next call is due of those that are due at `nextAtMs` by the limit. */
  dueAtMs(nextAtMs: number): number {
    return this.#isConfirmed ? nextAtMs : Math.min(nextAtMs, this.#sentMs + DOUBT_MS);
  }
}
