/** The order in which one request may ask upstreams. */

import type { Tier } from '../events.ts';
import type { Room } from '../pools/room.ts';
import { kindOfKey } from '../rpc/method-kinds.ts';
import type { Order, Strategy } from '../strategies/strategy.ts';
import type { Availability } from '../upstreams/availability.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Asker, type Candidate, type NextCandidate, NOBODY, type Willingness } from './candidate.ts';

const NONE: readonly never[] = [];
/** What a request's order of upstreams is made from. */
export interface CandidateSource {
  readonly availability: Availability;
  readonly strategies: Readonly<Record<Tier, Strategy>>;
  readonly trials: { isFree(upstream: Upstream, kind: string): boolean };
  readonly departed: readonly Upstream[];
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
 * request accepts, but does not prefer, in the same order. When none is usable a request tries one of those out
 * for a reason that may have passed. One that has asked any waits for what others find: so a total outage costs one call
 * for each request, and one a second at each upstream that nobody else tries.
 */
export class Candidates {
  readonly #source: CandidateSource;
  readonly #room: Room;
  readonly #asker: Asker;
  readonly #tried: Upstream[] = [];
  #order: Order | undefined;
  /** An index of STAGES. */
  #stage = NOT_BEGUN;
  #criterion: 'prefers' | 'accepts' = 'prefers';
  /** The slow ones of the tier, and those that lag: their turn comes after the order. */
  #later: readonly (readonly Upstream[])[] = NONE;
  /** Usable, but without room when it was their turn. */
  #passedOver: readonly Upstream[] = NONE;
  #mayWait = true;

  /** An upstream that has no `room` for it is passed over, and offered again when it has. */
  constructor(source: CandidateSource, room: Room, asker: Asker) {
    this.#source = source;
    this.#room = room;
    this.#asker = asker;
  }

  /** Whether upstreams are left that could be asked if they had room. */
  get lacksRoom(): boolean {
    return this.#passedOver.some((upstream) => !this.#tried.includes(upstream));
  }

  /** Whether this one had no room when it was its turn, or, when none is usable, may be tried at this moment. */
  waitsFor(upstream: Upstream): boolean {
    if (this.#passedOver.length > 0) return this.#passedOver.includes(upstream);
    return !this.#tried.includes(upstream) && this.#mayTry(upstream);
  }

  /** Once a request has waited for as long as it may `next` says no more that it should wait. */
  mayWait(may: boolean): void {
    this.#mayWait = may;
  }

  next(willingness: Willingness): NextCandidate {
    const usable = this.#nextUsable(willingness);
    if (usable === 'wait') return { kind: 'wait', untilMs: this.#roomAtMs(), waitsFor: 'room' };
    if (usable) return this.#take(usable, false);
    const trial = this.#nextTrial(willingness);
    return trial === NOBODY ? this.#nextDeparted(willingness) : trial;
  }

  /** A request ends on what it began with: before it fails, those are asked that the lists no longer have. */
  #nextDeparted(willingness: Willingness): NextCandidate {
    const isOpen = (each: Upstream) => !this.#tried.includes(each) && willingness.accepts(each);
    const left = this.#source.departed.find(isOpen);
    return left ? this.#take(left, false) : NOBODY;
  }

  /** This one before the others, if it has room at this moment. */
  first(upstream: Upstream, willingness: Willingness): Candidate | undefined {
    const fits = this.#source.availability.isUsable(upstream) && this.#isNext(upstream, willingness);
    return fits && this.#hasRoom(upstream) ? this.#take(upstream, false) : undefined;
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
        if (this.#hasRoom(upstream)) return upstream;
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
    const free = this.#passedOver.find((upstream) => this.#hasRoom(upstream));
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
    return Math.min(...this.#passedOver.map((upstream) => this.#room.freeAtMs(upstream)));
  }

  #nextTrial(willingness: Willingness): NextCandidate {
    let isLeft = false;
    for (const upstream of this.#source.availability.lastResort()) {
      if (this.#tried.includes(upstream) || !willingness.accepts(upstream)) continue;
      if (this.#mayTry(upstream)) return this.#take(upstream, true);
      isLeft = true;
    }
    if (!this.#mayWait) return NOBODY;
    const waitsFor = isLeft && this.#tried.length > 0 ? 'others' : 'room';
    const untilMs = isLeft ? Number.POSITIVE_INFINITY : this.#firstLimitEndMs(willingness);
    return untilMs === undefined ? NOBODY : { kind: 'wait', untilMs, waitsFor };
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

  #hasRoom(upstream: Upstream): boolean {
    return this.#room.has(upstream);
  }

  /** Whether it may try one that is out at this moment. */
  #mayTry(upstream: Upstream): boolean {
    if (!this.#hasRoom(upstream)) return false;
    const { availability, trials } = this.#source;
    const { countsAsTrial, kind, startedMs } = this.#asker;
    if (this.#tried.length > 0) return availability.isUntried(upstream, startedMs);
    return !countsAsTrial || trials.isFree(upstream, kind);
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
    const kind = kindOfKey(this.#asker.latencyKey);
    if (!isSilent) {
      const lists = [availability.slow(tier, kind), availability.lagging(tier)];
      this.#later = lists.filter((list) => list.length > 0);
    }
    this.#begin(tier, isSilent ? availability.silent(tier) : availability.quick(tier, kind));
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
