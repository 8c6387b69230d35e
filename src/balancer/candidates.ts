import type { Tier } from '../events.ts';
import type { Order, Strategy } from '../strategies/strategy.ts';
import type { Availability } from '../upstreams/availability.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** Trials of one quarantined upstream that may be under way at once. */
const MAX_TRIALS = 4;

const NOBODY: readonly Upstream[] = [];

export interface Candidate {
  readonly upstream: Upstream;
  /** It is quarantined or down, and asked because nobody else is usable. */
  readonly trial: boolean;
}

/** What a request's order of upstreams is made from. */
export interface CandidateSource {
  readonly availability: Availability;
  readonly strategies: Readonly<Record<Tier, Strategy>>;
  /** Trials under way, by upstream. */
  readonly trials: Map<Upstream, number>;
}

/**
 * The upstreams that one request may try, one after the other, none twice: usable primaries in the
 * strategy's order, then usable fallbacks, in both tiers those that lag behind after the others, and when
 * nothing usable is left those out for a reason that may have passed.
 */
export class Candidates {
  readonly #source: CandidateSource;
  readonly #tried: Upstream[] = [];
  #order: Order | undefined;
  #stage: Tier | 'not-begun' | 'last-resort' = 'not-begun';
  /** Those of the tier that lag: their turn comes after the order. */
  #lagging: readonly Upstream[] = NOBODY;
  #waiting: Upstream[] = [];

  constructor(source: CandidateSource) {
    this.#source = source;
  }

  /** The next one of which `accepts` is true; the others are passed over. */
  next(accepts: (upstream: Upstream) => boolean): Candidate | undefined {
    if (this.#stage !== 'last-resort') {
      const upstream = this.#nextUsable(accepts);
      if (upstream) return this.#take(upstream, false);
      this.#stage = 'last-resort';
      this.#waiting = this.#source.availability.lastResort();
    }
    return this.#nextOfLastResort(accepts);
  }

  #nextOfLastResort(accepts: (upstream: Upstream) => boolean): Candidate | undefined {
    const { availability, trials } = this.#source;
    const mayTry = new Set(availability.lastResort());
    for (const upstream of this.#waiting) {
      if (upstream.hasLeft || this.#tried.includes(upstream) || !accepts(upstream)) continue;
      // Asked again at this moment: it may be well meanwhile, or have asked to be left alone.
      const usable = availability.standing(upstream).state === 'usable';
      if (usable) return this.#take(upstream, false);
      if (mayTry.has(upstream) && (trials.get(upstream) ?? 0) < MAX_TRIALS) return this.#take(upstream, true);
    }
    return undefined;
  }

  #nextUsable(accepts: (upstream: Upstream) => boolean): Upstream | undefined {
    for (;;) {
      const upstream = this.#order?.next();
      if (!upstream) {
        if (!this.#nextGroup()) return undefined;
      } else if (this.#source.availability.isUsable(upstream) && accepts(upstream)) {
        // Asked again at this moment: another request may have found it sick meanwhile.
        return upstream;
      }
    }
  }

  #nextGroup(): boolean {
    const { availability } = this.#source;
    const tier = this.#stage === 'fallback' ? 'fallback' : 'primary';
    if (this.#lagging.length > 0) {
      this.#begin(tier, this.#lagging);
      this.#lagging = NOBODY;
      return true;
    }
    if (this.#stage === 'fallback') return false;
    const next = this.#stage === 'not-begun' ? 'primary' : 'fallback';
    this.#stage = next;
    this.#lagging = availability.lagging(next);
    this.#begin(next, availability.inStep(next));
    return true;
  }

  #begin(tier: Tier, upstreams: readonly Upstream[]): void {
    this.#order = upstreams.length === 0 ? undefined : this.#source.strategies[tier].order(upstreams);
  }

  #take(upstream: Upstream, trial: boolean): Candidate {
    this.#tried.push(upstream);
    return { upstream, trial };
  }
}
