/** What is known of an attempt when it is over. */

import type { Pacer } from '../pacing/pacer.ts';
import type { AttemptOutcome } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Verdict } from './judge.ts';
import type { Question } from './question.ts';

/** An attempt that is over, as far as the search for an answer is concerned. Its answer may still stream. */
export interface Ended {
  readonly upstream: Upstream;
  readonly trial: boolean;
  /** By which it was sent: the upstream may have another one by now. */
  readonly pacer: Pacer | undefined;
  readonly question: Question;
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
  /** Until it was judged. */
  readonly durationMs: number;
}
