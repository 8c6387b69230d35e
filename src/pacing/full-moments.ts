/** Two moments at which a limiter was full: what was accepted between them measures its rate. */

/** Fewest calls, or shortest time, from which a rate is measured. */
export const MEASURED_CALLS = 16;
export const MEASURED_MS = 1000;

/** What a rest has shown of the window's length is forgotten by so much with each measurement. */
const WINDOW_FADES = 0.95;

/** Rates are calls a millisecond. */
export interface Measured {
  readonly spanMs: number;
  /** Of which it was not refusing everything. */
  readonly openMs: number;
  readonly measured: number;
  /** Whether it measures a rate. */
  readonly isLong: boolean;
}

/** Times are monotonic milliseconds. Begins with the first request. */
export class FullMoments {
  #lastMs = -Infinity;
  #acceptedAtLast = 0;
  #beforeMs = -Infinity;
  #acceptedBefore = 0;
  /** The window is at least as long as a rest was. */
  #windowMs = 0;

  get windowMs(): number {
    return this.#windowMs;
  }

  /** Another process has seen what rests were like. */
  set windowMs(ms: number) {
    this.#windowMs = ms;
  }

  /** The latest of the two. */
  get lastMs(): number {
    return this.#lastMs;
  }

  get hasBegun(): boolean {
    return this.#lastMs !== -Infinity;
  }

  /** The first request is sent, `accepted` were before. */
  begin(nowMs: number, accepted: number): void {
    this.#lastMs = nowMs;
    this.#beforeMs = nowMs;
    this.#acceptedAtLast = accepted;
    this.#acceptedBefore = accepted;
  }

  /**
   * What was accepted until `atMs`, of `accepted` in all, since the last one. The limiter was full for `restMs`; `isLoss`:
   * that was no part of its window.
   */
  measure(atMs: number, accepted: number, restMs: number, isLoss: boolean): Measured {
    const spanMs = atMs - this.#lastMs;
    const got = accepted - this.#acceptedAtLast;
    // What a rest has shown of the window, if it was no ban.
    if (!isLoss) this.#windowMs = Math.max(restMs, WINDOW_FADES * this.#windowMs);
    const isLong = this.#isLong(spanMs, got);
    // A window may be as long as the rest: less than two of them tell nothing of it.
    const isPart = !isLoss && spanMs < 2 * restMs;
    // No provider bans by less than a second.
    const openMs = isLoss ? spanMs - restMs : spanMs;
    const measured = isPart
      ? (accepted - this.#acceptedBefore) / (atMs - this.#beforeMs)
      : got / (isLoss ? Math.max(openMs, MEASURED_MS) : openMs);
    return { spanMs, openMs, measured, isLong };
  }

  /**
   * Whether what was accepted in a span measures a rate: in less than two windows it depends on what was sent before.
   */
  #isLong(spanMs: number, got: number): boolean {
    const windowsMs = 2 * this.#windowMs;
    return spanMs >= Math.max(MEASURED_MS, windowsMs) || (windowsMs < MEASURED_MS && got >= MEASURED_CALLS);
  }

  /** Time in which nothing was asked for says nothing of the limit. */
  leaveOut(ms: number): void {
    this.#lastMs += ms;
    this.#beforeMs += ms;
  }

  mark(atMs: number, accepted: number): void {
    this.#beforeMs = this.#lastMs;
    this.#acceptedBefore = this.#acceptedAtLast;
    this.#lastMs = atMs;
    this.#acceptedAtLast = accepted;
  }
}
