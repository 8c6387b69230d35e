/** Whether an upstream may take one more request. */

import type { Clock } from '../clock.ts';
import type { Load } from '../pacing/load.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Trials } from './trials.ts';

export interface Room {
  /** At this moment. `isTrial` means that the upstream is out. */
  has(upstream: Upstream, load: Load, isTrial: boolean): boolean;
  /** When it will have room without further events: monotonic milliseconds, Infinity when that is unknown. */
  freeAtMs(upstream: Upstream, load: Load): number;
}

/** The room that budgets and trials leave. */
export class PoolRoom implements Room {
  readonly #clock: Clock;
  readonly #trials: Trials | undefined;

  /** Without `trials` they are not counted. */
  constructor(clock: Clock, trials: Trials | undefined) {
    this.#clock = clock;
    this.#trials = trials;
  }

  has(upstream: Upstream, load: Load, isTrial: boolean): boolean {
    if (isTrial && this.#trials && !this.#trials.isFree(upstream)) return false;
    if (!upstream.budget) return true;
    const nowMs = this.#clock.monotonicMs();
    return upstream.budget.pacer.freeAtMs(load, nowMs) <= nowMs;
  }

  freeAtMs({ budget }: Upstream, load: Load): number {
    const nowMs = this.#clock.monotonicMs();
    return budget ? budget.pacer.freeAtMs(load, nowMs) : nowMs;
  }
}
