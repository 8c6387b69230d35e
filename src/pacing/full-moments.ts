/** Two moments at which a limiter was full: what was accepted between them measures its rate. */

/** Fewest calls, or shortest time, from which a rate is measured. */
export const MEASURED_CALLS = 16;
export const MEASURED_MS = 1000;

/** Times are monotonic milliseconds. Begins with the first request. */
export class FullMoments {
  #lastMs = -Infinity;
  #acceptedAtLast = 0;
  #beforeMs = -Infinity;
  #acceptedBefore = 0;

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
