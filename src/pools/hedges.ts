/** What the requests to one pool share that are sent to a second upstream as well. */

import type { Announcer, HedgeResult, PoolIdentity } from '../events.ts';
import type { Alarms } from '../speed/alarms.ts';
import type { HedgeBudget } from '../speed/hedge-budget.ts';
import type { Speed } from '../speed/speed.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** In milliseconds, or the usual time of a method at an upstream; undefined for never. */
export type HedgeDelay = number | 'auto' | undefined;

/** A timer can't be relied on below. */
const LEAST_DELAY_MS = 5;
/** For one that is slow and tried again, while nothing is known of the others. */
const TRIAL_DELAY_MS = 100;

/** What stays when the delay changes. */
export interface HedgeParts {
  readonly speed: Speed;
  readonly budget: HedgeBudget;
  readonly pool: PoolIdentity;
  readonly announcer: Announcer;
}

export class Hedges {
  readonly alarms: Alarms;
  readonly budget: HedgeBudget;
  readonly #delay: HedgeDelay;
  readonly #speed: Speed;
  readonly #pool: PoolIdentity;
  readonly #announcer: Announcer;

  constructor(delay: HedgeDelay, { speed, budget, pool, announcer }: HedgeParts) {
    this.#delay = delay;
    this.#speed = speed;
    this.budget = budget;
    this.#pool = pool;
    this.#announcer = announcer;
    this.alarms = speed.alarms;
  }

  /**
   * How long an attempt at this upstream may take before another one is asked, too; undefined for as long as it
   * likes. Where it is slow, and was only asked to see whether it still is, another one is always asked in time.
   */
  delayMs(upstream: Upstream, key: number): number | undefined {
    if (upstream.slow) return atLeast(this.#speed.trialMs(upstream, key)) ?? TRIAL_DELAY_MS;
    return this.#delay === 'auto' ? atLeast(this.#speed.usualMs(upstream, key)) : this.#delay;
  }

  announce(result: HedgeResult): void {
    this.#announcer.announce({ type: 'hedge-finished', pool: this.#pool, result });
  }
}

/** Undefined for NaN. */
function atLeast(ms: number): number | undefined {
  return Number.isNaN(ms) ? undefined : Math.max(LEAST_DELAY_MS, ms);
}
