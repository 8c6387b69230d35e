/** Whether an upstream may take one more request. */

import type { Clock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface Room {
  /** At this moment. */
  has(upstream: Upstream): boolean;
  /** When it will have room without further events: monotonic milliseconds, Infinity when that is unknown. */
  freeAtMs(upstream: Upstream): number;
}

/** The room that budgets leave. */
export class PoolRoom implements Room {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has({ budget }: Upstream): boolean {
    if (!budget) return true;
    const nowMs = this.#clock.monotonicMs();
    return budget.pacer.freeAtMs(nowMs) <= nowMs;
  }

  freeAtMs({ budget }: Upstream): number {
    const nowMs = this.#clock.monotonicMs();
    return budget ? budget.pacer.freeAtMs(nowMs) : nowMs;
  }
}
