/** What keeps an upstream from being asked like the others, besides a quarantine. */

import type { DownReason } from '../events.ts';

export interface Down {
  readonly reason: DownReason;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
}

export interface Lagging {
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
}

/** Why it is asked after the others. */
export interface Slow {
  /** It leaves all calls unanswered at the moment. */
  readonly isSilent: boolean;
  /** A bit for each kind of calls for which it is many times slower than the others. */
  readonly kinds: number;
}
