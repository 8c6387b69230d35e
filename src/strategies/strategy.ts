import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/**
 * An order in which to try the usable upstreams of one tier, not a pick: a retry then can't repeat an
 * upstream, and a strategy knows nothing of retries. One instance serves one tier.
 */
export interface Strategy {
  /** A permutation of `upstreams`, which is left untouched. The result belongs to the caller. */
  order(upstreams: readonly Upstream[]): Upstream[];
  /** Called after each answered or timed-out attempt: how long it took until the response's headers. */
  observe?(upstream: Upstream, latencyMs: number): void;
}

export interface StrategyContext {
  readonly random: Random;
  readonly clock: Clock;
}

export type StrategyFactory = (context: StrategyContext) => Strategy;
