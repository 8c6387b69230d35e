/** The contract of a strategy, which orders the upstreams for each request. */

import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/**
 * Upstreams one after the other, each of them once. Nearly every request needs only the first one, so an order is
 * computed as far as it is asked for: the first is chosen when the order is made, the others when the second is asked
 * for, by the state at that moment.
 */
export interface Order {
  /** Undefined after the last one. */
  next(): Upstream | undefined;
}

/**
 * Returns an order in which to try the usable upstreams of one tier, not a single one: so a retry can't repeat an
 * upstream, and a strategy knows nothing of retries. One instance serves one tier.
 */
export interface Strategy {
  /** Each of `upstreams` once. Doesn't change the list, which must not change while the order is in use. */
  order(upstreams: readonly Upstream[]): Order;
  /** Called after each answered or timed-out attempt: how long it took until the response's headers. */
  observe?(upstream: Upstream, latencyMs: number): void;
}

export interface StrategyContext {
  readonly random: Random;
  readonly clock: Clock;
}

export type StrategyFactory = (context: StrategyContext) => Strategy;
