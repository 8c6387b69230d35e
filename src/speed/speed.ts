/** Measures how quickly the upstreams of a pool answer, and finds those that are silent or many times slower than the others. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import { kindOfKey } from '../rpc/method-kinds.ts';
import type { Registry } from '../upstreams/registry.ts';
import { isSilent } from '../upstreams/slow-lists.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { Alarms } from './alarms.ts';
import { Avoidance, type AvoidanceListener, SILENT } from './avoidance.ts';
import { NO_MATTER_MS, Peers } from './peers.ts';
import { Silence, type SilenceListener } from './silence-watch.ts';
import { Timing } from './timing.ts';
import { UpstreamSpeed } from './upstream-speed.ts';

/** An upstream that has answered so often has its own usual time. */
const LEAST_FOR_USUAL = 20;
/** Nobody is overdue before. */
const LEAST_OVERDUE_MS = 10;
/** As a logarithm, how many times slower than the others one is that is avoided, and one that is well. */
const SLOW = Math.log(5);
const WELL = Math.log(2.5);
/** One answer counts as ten times slower at most, so that a few heavy calls make nobody slow. */
const MOST = Math.log(10);

/** How an attempt ended: answered well, with a refusal or failure, or without a word from the upstream. */
export type AttemptEnd = 'answered' | 'refused' | 'unheard';

export interface SpeedOptions {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly avoidsSlow: boolean;
}

export class Speed implements SilenceListener, AvoidanceListener {
  readonly alarms: Alarms;
  /** Undefined when nobody is to be avoided. */
  avoidance: Avoidance | undefined;
  readonly #announcer: Announcer;
  readonly #clock: Clock;
  readonly #registry: Registry;
  readonly #peers: Peers;
  /** An upstream that is removed leaves nothing behind. */
  readonly #speeds = new WeakMap<Upstream, UpstreamSpeed>();
  #lastHeard: Upstream | undefined;
  #lastHeardMs = Number.NEGATIVE_INFINITY;
  /** When another one than the last was heard. */
  #otherHeardMs = Number.NEGATIVE_INFINITY;

  constructor({ registry, clock, announcer, avoidsSlow }: SpeedOptions) {
    this.#clock = clock;
    this.#registry = registry;
    this.#announcer = announcer;
    this.alarms = new Alarms(clock);
    this.#peers = new Peers(registry, (upstream) => this.#of(upstream));
    this.setAvoidsSlow(avoidsSlow);
  }

  /** From now on; what is known of the upstreams stays. */
  setAvoidsSlow(avoidsSlow: boolean): void {
    if (avoidsSlow) this.avoidance ??= new Avoidance(this, this.#clock, this.#announcer);
    else {
      this.avoidance?.endAll();
      this.avoidance = undefined;
    }
  }

  /** An attempt begins; `before` is the one at the same call that may still be under way. */
  begin(upstream: Upstream, key: number, nowMs: number, before?: Timing): Timing {
    const speed = this.#of(upstream);
    const usualMs = this.#usualMs(speed, key);
    const timing = new Timing(speed, key, nowMs, usualMs, before);
    if (this.avoidance && usualMs > 0) this.alarms.set(timing, nowMs + Math.max(LEAST_OVERDUE_MS, usualMs));
    return timing;
  }

  /** It is over. One that was cancelled has taken that long at least. */
  end(timing: Timing, how: AttemptEnd, nowMs: number): void {
    this.alarms.unset(timing);
    timing.end(how !== 'unheard', nowMs);
    if (how !== 'unheard') this.#noteHeard(timing.speed.upstream, nowMs);
    const durationMs = nowMs - timing.startedMs;
    if (how === 'answered') this.avoidance?.answered(timing.speed.upstream, timing.startedMs);
    const isMeasured = how !== 'refused' && !this.alarms.hasPausedSince(timing.startedMs, nowMs);
    if (isMeasured) this.#learn(timing, durationMs, how === 'answered');
    else if (timing.speed.upstream.slow)
      this.avoidance?.tried(timing.speed.upstream, kindOfKey(timing.key), undefined);
  }

  /** Within which time 98 of 100 such calls are answered there; NaN while it is unknown. */
  usualMs(upstream: Upstream, key: number): number {
    return this.#usualMs(this.#of(upstream), key);
  }

  /** Within which time an upstream that is tried again should answer: twice what is usual among the others. NaN while unknown. */
  trialMs(upstream: Upstream, key: number): number {
    return 2 * this.#peers.tailMs(upstream.tier, key);
  }

  isOtherHeardSince(upstream: Upstream, ms: number): boolean {
    const heardMs = this.#lastHeard === upstream ? this.#otherHeardMs : this.#lastHeardMs;
    // When all others are silent it is no better than they are.
    const { all } = this.#registry;
    return heardMs >= ms || (all.length > 1 && all.every((each) => each === upstream || isSilent(each)));
  }

  onSilent(upstream: Upstream): void {
    this.avoidance?.avoid(upstream, SILENT);
  }

  onComeback(upstream: Upstream, what: number): void {
    if (what === SILENT) this.#of(upstream).forgetScores();
    else this.#of(upstream).forget(what);
  }

  #of(upstream: Upstream): UpstreamSpeed {
    let speed = this.#speeds.get(upstream);
    if (speed === undefined) {
      speed = new UpstreamSpeed(new Silence(upstream, this.alarms, this));
      this.#speeds.set(upstream, speed);
    }
    return speed;
  }

  #usualMs(speed: UpstreamSpeed, key: number): number {
    const sketch = speed.sketch(key);
    if (sketch !== undefined && sketch.count >= LEAST_FOR_USUAL) return sketch.p98Ms;
    return this.#peers.tailMs(speed.upstream.tier, key);
  }

  #noteHeard(upstream: Upstream, nowMs: number): void {
    if (upstream !== this.#lastHeard) {
      this.#otherHeardMs = this.#lastHeardMs;
      this.#lastHeard = upstream;
    }
    this.#lastHeardMs = nowMs;
  }

  /** Without an answer the time is a lower limit, and news only when it is more than usual. */
  #learn({ speed, key, usualMs }: Timing, durationMs: number, isAnswer: boolean): void {
    const isNews = isAnswer || durationMs > usualMs;
    if (isNews) speed.add(key, durationMs, this.#clock.monotonicMs());
    const { upstream } = speed;
    if (!this.avoidance) return;
    const kind = kindOfKey(key);
    const medianMs = this.#peers.medianMs(upstream.tier, key);
    const ratio = Math.log((durationMs + NO_MATTER_MS) / (medianMs + NO_MATTER_MS));
    if (upstream.slow) this.avoidance.tried(upstream, kind, ratio > WELL ? false : isAnswer || undefined);
    if (isNews && !Number.isNaN(ratio)) this.#compare(speed, kind, ratio);
  }

  /** With the others' scores of the moment: when all have become slower nobody is slow. */
  #compare(speed: UpstreamSpeed, kind: number, ratio: number): void {
    speed.addToScore(kind, Math.min(MOST, ratio));
    if (speed.score(kind) < SLOW || !speed.hasScore(kind)) return;
    const others = this.#peers.score(speed, kind);
    if (others !== undefined && speed.score(kind) - others > SLOW)
      this.avoidance?.avoid(speed.upstream, kind);
  }
}
