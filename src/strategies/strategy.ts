import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/**
 * Upstreams one after the other, each of them once. Nearly every request needs the first one only, so an order
 * is worked out no further than it is asked for: the first is settled when the order is made, the others
 * when the second is asked for, as things stand then.
 */
export interface Order {
  /** Undefined after the last one. */
  next(): Upstream | undefined;
}

/**
 * An order in which to try the usable upstreams of one tier, not a pick: a retry then can't repeat an
 * upstream, and a strategy knows nothing of retries. One instance serves one tier.
 */
export interface Strategy {
  /** Each of `upstreams` once. The list is left untouched, and must stay as it is while the order is in use. */
  order(upstreams: readonly Upstream[]): Order;
  /** Called after each answered or timed-out attempt: how long it took until the response's headers. */
  observe?(upstream: Upstream, latencyMs: number): void;
}

export interface StrategyContext {
  readonly random: Random;
  readonly clock: Clock;
}

export type StrategyFactory = (context: StrategyContext) => Strategy;
