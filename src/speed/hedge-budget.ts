/** Keeps the calls that are sent twice to a small part of all. */

/** For each good call, so much of another one may be sent besides. */
const PER_CALL = 0.025;
/** As many may be sent at once: an upstream that falls silent has several calls under way. */
const MOST = 10;

/** As many more where an upstream is silent or slow: its calls would be made again anyway, when they have timed out. */
const MOST_OWED = 50;

/** A token bucket that starts filled. */
export class HedgeBudget {
  #tokens = MOST;

  /** So many calls were answered well. */
  earn(calls: number): void {
    this.#tokens = Math.min(MOST, this.#tokens + calls * PER_CALL);
  }

  /** Whether so many calls may be sent besides; `isUrgent`: those under way would not be answered otherwise. */
  has(calls: number, isUrgent = false): boolean {
    return this.#tokens >= calls - (isUrgent ? MOST_OWED : 0);
  }

  spend(calls: number): void {
    this.#tokens -= calls;
  }
}
