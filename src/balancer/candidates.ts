import type { Tier } from '../events.ts';
import type { Order, Strategy } from '../strategies/strategy.ts';
import type { Availability } from '../upstreams/availability.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Trials } from './trials.ts';

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
  readonly trials: Trials;
}

/** Whom a request may ask. */
export interface Willingness {
  gladly(upstream: Upstream): boolean;
  /** When nobody is left who is asked gladly. */
  reluctantly(upstream: Upstream): boolean;
}

type Group = Tier | 'not-begun';

/**
 * The upstreams that one request may try, one after the other, none twice: usable primaries in the
 * strategy's order, then usable fallbacks, in both tiers those that lag behind after the others; then those
 * that are asked reluctantly, in the same order; and when nothing usable is left one of those out for a reason
 * that may have passed, and those that are in question.
 */
export class Candidates {
  readonly #source: CandidateSource;
  /** Its trials count: an upload that takes its time would keep others from trying. */
  readonly #countsTrials: boolean;
  readonly #tried: Upstream[] = [];
  #order: Order | undefined;
  #group: Group = 'not-begun';
  #way: 'gladly' | 'reluctantly' = 'gladly';
  /** Those of the tier that lag: their turn comes after the order. */
  #lagging: readonly Upstream[] = NOBODY;
  #hadTrial = false;

  constructor(source: CandidateSource, { countsTrials = true }: { readonly countsTrials?: boolean } = {}) {
    this.#source = source;
    this.#countsTrials = countsTrials;
  }

  /** The next one; `wait` when there may be one later: all that may be tried are being tried by others. */
  next(willingness: Willingness): Candidate | 'wait' | undefined {
    const usable = this.#nextUsable(willingness);
    return usable ? this.#take(usable, false) : this.#nextTrial(willingness);
  }

  #nextUsable(willingness: Willingness): Upstream | undefined {
    for (;;) {
      const upstream = this.#order?.next();
      if (upstream) {
        // Asked again at this moment: another request may have found it sick meanwhile.
        if (this.#source.availability.isUsable(upstream) && this.#accepts(upstream, willingness))
          return upstream;
      } else if (!this.#nextGroup()) {
        if (!this.#someAreLeft(willingness)) return undefined;
        this.#way = 'reluctantly';
        this.#group = 'not-begun';
      }
    }
  }

  #accepts(upstream: Upstream, willingness: Willingness): boolean {
    return !this.#tried.includes(upstream) && willingness[this.#way](upstream);
  }

  /** Whether somebody was passed over, or is usable who was not when their turn came. */
  #someAreLeft(willingness: Willingness): boolean {
    const { availability } = this.#source;
    const isLeft = (upstream: Upstream) =>
      !this.#tried.includes(upstream) && availability.isUsable(upstream) && willingness.reluctantly(upstream);
    return availability.usable('primary').some(isLeft) || availability.usable('fallback').some(isLeft);
  }

  #nextTrial(willingness: Willingness): Candidate | 'wait' | undefined {
    const { availability, trials } = this.#source;
    let isFull = false;
    for (const upstream of availability.lastResort()) {
      if (this.#tried.includes(upstream) || !willingness.reluctantly(upstream)) continue;
      // In a total outage each request costs one call: only who may yet turn out to be well is asked besides.
      const inQuestion = availability.isInQuestion(upstream);
      if (this.#hadTrial && !inQuestion) continue;
      if (!this.#countsTrials || !trials.isFull(upstream)) {
        this.#hadTrial ||= !inQuestion;
        return this.#take(upstream, true);
      }
      isFull = true;
    }
    return isFull ? 'wait' : undefined;
  }

  #nextGroup(): boolean {
    const { availability } = this.#source;
    const tier = this.#group === 'fallback' ? 'fallback' : 'primary';
    if (this.#lagging.length > 0) {
      this.#begin(tier, this.#lagging);
      this.#lagging = NOBODY;
      return true;
    }
    if (this.#group === 'fallback') return false;
    const next = this.#group === 'not-begun' ? 'primary' : 'fallback';
    this.#group = next;
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
