/** Who is asked next. */

import type { Upstream } from '../upstreams/upstream.ts';

export interface Candidate {
  readonly kind: 'ask';
  readonly upstream: Upstream;
  /** It is quarantined or down, and asked because no other one is usable. */
  readonly trial: boolean;
}

/** What to do next: ask this one, look again at that moment or when something changes, or give up. */
export type NextCandidate =
  | Candidate
  | {
      readonly kind: 'wait';
      /** Monotonic milliseconds; Infinity when only a change can help. */
      readonly untilMs: number;
      /** For room, or, since none is usable and it has asked in vain, for what other requests find. */
      readonly waitsFor: 'room' | 'others';
    }
  | { readonly kind: 'nobody' };

export const NOBODY: NextCandidate = { kind: 'nobody' };

/** Which upstreams a request may go to. */
export interface Willingness {
  prefers(upstream: Upstream): boolean;
  /** When none is left that it prefers. */
  accepts(upstream: Upstream): boolean;
}

/** What counts of the request. */
export interface Asker {
  readonly countsAsTrial: boolean;
  readonly kind: string;
  /** With what its latency is compared. */
  readonly latencyKey: number;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
}
