/** Two moments at which a limiter was full: what was accepted between them measures its rate. */

/** Fewest calls, or shortest time, from which a rate is measured. */
export const MEASURED_CALLS = 16;
export const MEASURED_MS = 1000;

/** What a rest has shown of the window's length is forgotten by so much with each measurement. */
const WINDOW_FADES = 0.95;

/** Times are monotonic milliseconds. Begins with the first request. */
export class FullMoments {
  #lastMs = -Infinity;
  #acceptedAtLast = 0;
  #beforeMs = -Infinity;
  #acceptedBefore = 0;
  /** The window is at least as long as a rest was. */
  #windowMs = 0;

  /** The latest of the two. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** A request is sent. */
  begin(nowMs: number): void {
    if (this.#lastMs !== -Infinity) return;
    this.#lastMs = nowMs;
    this.#beforeMs = nowMs;
  }

  /** How many were accepted since the last one; `accepted` is how many of all. */
  gotSince(accepted: number): number {
    return accepted - this.#acceptedAtLast;
  }

  /** The rate since the one before the last, in calls a millisecond. */
  rateSinceBefore(atMs: number, accepted: number): number {
    return (accepted - this.#acceptedBefore) / (atMs - this.#beforeMs);
  }

  /** Nothing was accepted for so long, and it was no ban. */
  rested(ms: number): void {
    this.#windowMs = Math.max(ms, WINDOW_FADES * this.#windowMs);
  }

  /**
   * Whether what was accepted in a span measures a rate: in less than two windows it depends on what was sent before.
   */
  isLong(spanMs: number, got: number): boolean {
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
