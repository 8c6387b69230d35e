/** The order in which one request may ask upstreams. */

import type { Tier } from '../events.ts';
import type { Load } from '../pacing/load.ts';
import type { Room } from '../pools/room.ts';
import type { Order, Strategy } from '../strategies/strategy.ts';
import type { Availability } from '../upstreams/availability.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Candidate, type NextCandidate, NOBODY, type Willingness } from './candidate.ts';

const NONE: readonly never[] = [];
/** What a request's order of upstreams is made from. */
export interface CandidateSource {
  readonly availability: Availability;
  readonly strategies: Readonly<Record<Tier, Strategy>>;
}

/** Of a request to a silent upstream nothing is to be expected but a time-out. */
const STAGES: readonly { readonly tier: Tier; readonly isSilent: boolean }[] = [
  { tier: 'primary', isSilent: false },
  { tier: 'fallback', isSilent: false },
  { tier: 'primary', isSilent: true },
  { tier: 'fallback', isSilent: true },
];
const NOT_BEGUN = -1;

/**
 * The upstreams that one request may try, one after the other, none twice: usable primaries in the
 * strategy's order, then usable fallbacks, in both tiers those that are slow after the others, and then those that lag
 * behind; then those that are silent. Those that have no
 * room are waited for before the next tier's turn, as long as the request may wait. Then those that the
 * request accepts, but does not prefer, in the same order; and when nothing usable is left one of
 * those out for a reason that may have passed, and those that are in question.
 */
export class Candidates {
  readonly #source: CandidateSource;
  readonly #room: Room;
  readonly #load: Load;
  readonly #kind: number;
  readonly #tried: Upstream[] = [];
  #order: Order | undefined;
  /** An index of STAGES. */
  #stage = NOT_BEGUN;
  #criterion: 'prefers' | 'accepts' = 'prefers';
  /** The slow ones of the tier, and those that lag: their turn comes after the order. */
  #later: readonly (readonly Upstream[])[] = NONE;
  /** Usable, but without room when it was their turn. */
  #passedOver: readonly Upstream[] = NONE;
  #hadTrial = false;
  #mayWait = true;

  /**
   * An upstream that has no `room` for this load is passed over, and offered again when it has. `kind` is the index of the
   * kind of calls.
   */
  constructor(source: CandidateSource, room: Room, load: Load, kind: number) {
    this.#source = source;
    this.#room = room;
    this.#load = load;
    this.#kind = kind;
  }

  /** Whether upstreams are left that could be asked if they had room. */
  get lacksRoom(): boolean {
    return this.#passedOver.length > 0;
  }

  /** Whether this one had no room when it was its turn, or, when none is usable, may be tried as soon as another trial is over. */
  waitsFor(upstream: Upstream): boolean {
    return this.#passedOver.length === 0 || this.#passedOver.includes(upstream);
  }

  /** The request has waited for as long as it may: `next` says no more that it should wait. */
  waitNoLonger(): void {
    this.#mayWait = false;
  }

  next(willingness: Willingness): NextCandidate {
    const usable = this.#nextUsable(willingness);
    if (usable === 'wait') return { kind: 'wait', untilMs: this.#roomAtMs() };
    return usable ? this.#take(usable, false) : this.#nextTrial(willingness);
  }

  /** This one before the others, if it has room at this moment. */
  first(upstream: Upstream, willingness: Willingness): Candidate | undefined {
    const fits = this.#source.availability.isUsable(upstream) && this.#isNext(upstream, willingness);
    return fits && this.#room.has(upstream, this.#load, false) ? this.#take(upstream, false) : undefined;
  }

  /** The next one, if it can be asked at this moment, is as good as the first, and `suits`. */
  beside(willingness: Willingness, suits: (upstream: Upstream) => boolean): Candidate | undefined {
    const next = this.#nextUsable(willingness);
    if (next === 'wait' || next === undefined) return undefined;
    const isGood = this.#criterion === 'prefers' && !next.slow && !next.lagging;
    if (isGood && suits(next)) return this.#take(next, false);
    // Its turn comes later.
    this.#passOver(next);
    return undefined;
  }

  #nextUsable(willingness: Willingness): Upstream | 'wait' | undefined {
    for (;;) {
      const upstream = this.#order?.next();
      if (upstream) {
        // Asked again at this moment: another request may have found it sick meanwhile.
        if (!this.#source.availability.isUsable(upstream) || !this.#isNext(upstream, willingness)) continue;
        if (this.#room.has(upstream, this.#load, false)) return upstream;
        this.#passOver(upstream);
        continue;
      }
      const free = this.#isAtTierEnd ? this.#nextWithRoom(willingness) : undefined;
      if (free === 'wait' && this.#beginWithThoseBack(willingness)) continue;
      if (free) return free;
      if (!this.#nextGroup()) {
        if (!this.#someAreLeft(willingness)) return undefined;
        this.#criterion = 'accepts';
        this.#stage = NOT_BEGUN;
      }
    }
  }

  #passOver(upstream: Upstream): void {
    if (!this.#passedOver.includes(upstream)) this.#passedOver = [...this.#passedOver, upstream];
  }

  #isNext(upstream: Upstream, willingness: Willingness): boolean {
    return !this.#tried.includes(upstream) && willingness[this.#criterion](upstream);
  }

  get #isAtTierEnd(): boolean {
    return this.#later.length === 0 && this.#stage !== NOT_BEGUN;
  }

  /** Whether an upstream was left out, or is usable that was not when its turn came. */
  #someAreLeft(willingness: Willingness): boolean {
    return this.#isLeftIn('primary', willingness) || this.#isLeftIn('fallback', willingness);
  }

  #isLeftIn(tier: Tier, willingness: Willingness): boolean {
    const isLeft = (upstream: Upstream) =>
      !this.#passedOver.includes(upstream) && this.#isStillOpen(upstream, willingness);
    return this.#source.availability.usable(tier).some(isLeft);
  }

  #isStillOpen(upstream: Upstream, willingness: Willingness): boolean {
    return (
      !this.#tried.includes(upstream) &&
      this.#source.availability.isUsable(upstream) &&
      willingness.accepts(upstream)
    );
  }

  /** Of those that were passed over the first that has room by now; `wait` when none has, and it should be waited for. */
  #nextWithRoom(willingness: Willingness): Upstream | 'wait' | undefined {
    if (this.#passedOver.length === 0) return undefined;
    this.#passedOver = this.#passedOver.filter((upstream) => this.#isStillOpen(upstream, willingness));
    const free = this.#passedOver.find((upstream) => this.#room.has(upstream, this.#load, false));
    if (free || !this.#mayWait || this.#passedOver.length === 0) return free;
    return 'wait';
  }

  /** Those of the tier that have become usable since its turn. False when there are none. */
  #beginWithThoseBack(willingness: Willingness): boolean {
    const tier = STAGES[this.#stage]?.tier ?? 'primary';
    const isBack = (upstream: Upstream) =>
      !this.#passedOver.includes(upstream) && this.#isNext(upstream, willingness);
    const back = this.#source.availability.usable(tier).filter(isBack);
    this.#begin(tier, back);
    return back.length > 0;
  }

  #roomAtMs(): number {
    return Math.min(...this.#passedOver.map((upstream) => this.#room.freeAtMs(upstream, this.#load)));
  }

  #nextTrial(willingness: Willingness): NextCandidate {
    const { availability } = this.#source;
    let isFull = false;
    for (const upstream of availability.lastResort()) {
      if (this.#tried.includes(upstream) || !willingness.accepts(upstream)) continue;
      // In a total outage each request costs one call: only one that may yet turn out to be well is asked besides.
      const inQuestion = availability.isInQuestion(upstream);
      if (this.#hadTrial && !inQuestion) continue;
      if (this.#room.has(upstream, this.#load, true)) {
        this.#hadTrial ||= !inQuestion;
        return this.#take(upstream, true);
      }
      isFull = true;
    }
    if (!this.#mayWait) return NOBODY;
    const untilMs = isFull ? Number.POSITIVE_INFINITY : this.#firstLimitEndMs(willingness);
    return untilMs === undefined ? NOBODY : { kind: 'wait', untilMs };
  }

  /** When the first is back of those that only asked for a rest; undefined when there is none. */
  #firstLimitEndMs(willingness: Willingness): number | undefined {
    let firstMs: number | undefined;
    for (const { upstream, untilMs } of this.#source.availability.rateLimited()) {
      if (this.#tried.includes(upstream) || !willingness.accepts(upstream)) continue;
      firstMs = Math.min(firstMs ?? untilMs, untilMs);
    }
    return firstMs;
  }

  #nextGroup(): boolean {
    const [later, ...others] = this.#later;
    if (!later) return this.#nextStage();
    this.#later = others;
    this.#begin(STAGES[this.#stage]?.tier ?? 'primary', later);
    return true;
  }

  #nextStage(): boolean {
    const { availability } = this.#source;
    const stage = STAGES[this.#stage + 1];
    if (!stage) return false;
    this.#stage += 1;
    const { tier, isSilent } = stage;
    if (!isSilent) {
      const lists = [availability.slow(tier, this.#kind), availability.lagging(tier)];
      this.#later = lists.filter((list) => list.length > 0);
    }
    this.#begin(tier, isSilent ? availability.silent(tier) : availability.quick(tier, this.#kind));
    return true;
  }

  #begin(tier: Tier, upstreams: readonly Upstream[]): void {
    this.#order = upstreams.length === 0 ? undefined : this.#source.strategies[tier].order(upstreams);
  }

  #take(upstream: Upstream, trial: boolean): Candidate {
    this.#tried.push(upstream);
    return { kind: 'ask', upstream, trial };
  }
}
