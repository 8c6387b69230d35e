/** Counts the trials, which are requests to upstreams that are out because none is usable. */

import type { Clock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** How many trials of one upstream with one kind of request may be under way at once. */
const MAX_TRIALS = 4;
/** A trial that takes longer keeps others from trying no more: it may be the request that is slow. */
const COUNTED_MS = 500;

/** A trial under way. */
export interface Trial {
  /** The methods of its calls, or its path. */
  readonly kind: string;
  /** Monotonic milliseconds. */
  readonly beganMs: number;
}

/**
 * Each kind of request has trials of its own, so that one that is slow everywhere, and has put the upstreams out, can't
 * hold those of others.
 */
export class Trials {
  readonly #clock: Clock;
  /** Empty while upstreams are usable. */
  readonly #underWay = new Map<Upstream, readonly Trial[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one more of this upstream may begin with a request of this kind. */
  isFree(upstream: Upstream, kind: string): boolean {
    const sinceMs = this.#clock.monotonicMs() - COUNTED_MS;
    const counts = (trial: Trial) => trial.kind === kind && trial.beganMs > sinceMs;
    return (this.#underWay.get(upstream) ?? []).filter(counts).length < MAX_TRIALS;
  }

  /** Returns what `end` wants. */
  begin(upstream: Upstream, kind: string): Trial {
    const trial = { kind, beganMs: this.#clock.monotonicMs() };
    upstream.triedMs = trial.beganMs;
    this.#underWay.set(upstream, [...(this.#underWay.get(upstream) ?? []), trial]);
    return trial;
  }

  end(upstream: Upstream, trial: Trial): void {
    const left = this.#underWay.get(upstream)?.filter((each) => each !== trial) ?? [];
    if (left.length > 0) this.#underWay.set(upstream, left);
    else this.#underWay.delete(upstream);
  }
}
