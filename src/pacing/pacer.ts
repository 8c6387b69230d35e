/** Learns how much an upstream accepts from what it accepts and refuses, and says when the next request may be sent. */

import { InFlightCap } from './in-flight-cap.ts';
import type { Load } from './load.ts';
import { RecentCalls } from './recent-calls.ts';

export interface PacerOptions {
  /** `rps=`: never more calls a second than this. */
  readonly ceilingRps?: number;
}

export interface RateHeaders {
  readonly limit?: number;
  readonly windowMs?: number;
  readonly remaining?: number;
  readonly resetAtMs?: number;
}

/** How far below the learnt limit requests are sent while it is not looked for. */
const MARGIN = 0.01;
/** The same where a refusal costs half a minute. */
const DEAR_MARGIN = 0.03;
/** Refusals per accepted call that looking for more may cost. */
const WASTE = 0.008;
/** The excess while climbing doubles once in this time, or in that of two calls. */
const DOUBLING_MS = 400;
/** What was not used stays usable this long: timers are late, and pauses between requests are short. */
const CREDIT_MS = 15;
/** Fewest calls, or shortest time, from which a rate is measured. */
const MEASURED_CALLS = 16;
const MEASURED_MS = 1000;
/** More by this factor than was thought to be the limit shows another limit. */
const NEWS = 1.05;
/** Refusals that were news are not held against looking for more. */
const FORGIVEN = 2;
const FIRST_TRIAL_MS = 10;
const LONGEST_REST_MS = 30_000;
/** A rest of this length may be a ban. */
const BAN_MS = 20_000;
/** The limit is looked for again after this time without refusals, and 125 times what they cost. */
const LONGEST_HOLD_MS = 60_000;
/** No longer pause for what was sent too early. */
const LONGEST_PAUSE_MS = 1000;

export class Pacer {
  readonly #ceilingMs: number;
  #ceilingAtMs = -Infinity;
  /** Calls a millisecond; Infinity while nothing is known. */
  #rate = Infinity;
  #source: 'learnt' | 'headers' | undefined;
  #nextAtMs = -Infinity;
  /** How long the limit has been looked for, in time in which it held requests back. */
  #climbMs = 0;
  /** How much earlier than at the learnt rate requests were sent in this climb. */
  #aheadMs = 0;
  /** Refusals that are not yet made up for by accepted calls. */
  #debt = 0;
  /** How long a refusal keeps everything away. */
  #costMs = 0;
  #accepted = 0;
  /** When the limiter was full the last time, and what was accepted until then. */
  #fullMs = -Infinity;
  #acceptedAtFull = 0;
  #fullBeforeMs = -Infinity;
  #acceptedBefore = 0;
  #acceptedAtCut = 0;
  /** No less than this, whatever the first refusals after a raise say. */
  #floor = 0;
  /** The refusal said how long to wait. */
  #isTold = false;
  /** When this episode began. Refusals of calls sent before are part of it. */
  #cutMs = -Infinity;
  #isInEpisode = false;
  /** The rate that was reached before the episode; 0 if the limit was not looked for. */
  #climbedTo = 0;
  /** Nothing was refused since the limit was looked for. */
  #isClean = true;
  /** Calls a millisecond, in the second before the episode. */
  #peak = 0;
  #restUntilMs = -Infinity;
  #restMs = 0;
  #isResting = false;
  #trialMs = -Infinity;
  #isTrialOut = false;
  readonly #recent = new RecentCalls();
  readonly #cap = new InFlightCap();

  constructor({ ceilingRps }: PacerOptions = {}) {
    this.#ceilingMs = ceilingRps === undefined ? 0 : 1000 / ceilingRps;
  }

  freeAtMs(_load: Load, nowMs: number): number {
    let atMs = this.#ceilingAtMs;
    if (this.#restUntilMs > atMs) atMs = this.#restUntilMs;
    if (this.#isResting && this.#isTrialOut) {
      const untilMs = this.#trialMs + Math.max(1000, this.#restMs);
      if (untilMs > nowMs) return Math.max(atMs, untilMs);
    } else if (!this.#isResting && this.#rate !== Infinity && this.#nextAtMs > atMs) atMs = this.#nextAtMs;
    if (atMs <= nowMs && this.#cap.isFull(this.#debt <= 0)) return nowMs + 50;
    return atMs;
  }

  sent(load: Load, nowMs: number): void {
    if (this.#fullMs === -Infinity) {
      this.#fullMs = nowMs;
      this.#fullBeforeMs = nowMs;
    }
    this.#cap.sent(nowMs);
    this.#ceilingAtMs = Math.max(this.#ceilingAtMs, nowMs - CREDIT_MS) + load.calls * this.#ceilingMs;
    if (this.#isResting) {
      this.#isTrialOut = true;
      this.#trialMs = nowMs;
      return;
    }
    if (this.#rate === Infinity) return;
    const idleMs = nowMs - CREDIT_MS - this.#nextAtMs;
    const spacingMs = load.calls / (this.#rate * this.#factor());
    if (idleMs > 0) {
      // What was not asked for says nothing of the limit.
      this.#fullMs += idleMs;
      this.#fullBeforeMs += idleMs;
      this.#nextAtMs += idleMs;
    } else if (this.#debt <= 0 || nowMs - this.#cutMs > LONGEST_HOLD_MS + this.#costMs / WASTE) {
      if (this.#climbMs === 0) this.#aheadMs = 0;
      this.#climbMs += spacingMs;
      this.#aheadMs += load.calls / (this.#rate * (1 - this.#margin())) - spacingMs;
    }
    this.#nextAtMs += spacingMs;
  }

  answered(load: Load, sentMs: number, nowMs: number): void {
    this.#cap.answered(sentMs);
    this.#accepted += load.calls;
    this.#recent.add(load.calls, nowMs);
    this.#debt = Math.max(0, this.#debt - WASTE * load.calls);
    if (this.#isInEpisode && sentMs >= (this.#isResting ? this.#trialMs : this.#cutMs)) this.#pass(nowMs);
  }

  refused(load: Load, sentMs: number, nowMs: number, restMs: number | undefined): void {
    this.#debt += load.calls;
    if (restMs !== undefined) {
      this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + restMs);
      this.#isTold = true;
    }
    if (this.#cap.refused(sentMs)) {
      this.#rate = Infinity;
      return;
    }
    if (this.#isResting) {
      if (sentMs >= this.#trialMs) {
        const elapsedMs = nowMs - this.#cutMs;
        this.#rest(nowMs, elapsedMs < 5000 ? elapsedMs / 2 : elapsedMs);
      }
    } else if (sentMs >= this.#cutMs) {
      const isFirst = !this.#isInEpisode;
      if (isFirst) this.#cut(nowMs);
      if (!isFirst || restMs !== undefined || this.#costMs >= BAN_MS) this.#rest(nowMs, 0);
    }
  }

  lost(_load: Load, sentMs: number, _nowMs: number): void {
    this.#cap.ended();
    if (this.#isResting && sentMs >= this.#trialMs) this.#isTrialOut = false;
  }

  told(_headers: RateHeaders, _nowMs: number): void {}

  rps(_nowMs: number): number | undefined {
    const learnt = this.#rate * 1000;
    const rps = Math.min(learnt, this.#ceilingMs === 0 ? Infinity : 1000 / this.#ceilingMs);
    return rps === Infinity ? undefined : rps;
  }

  get source(): 'learnt' | 'rps' | 'headers' | undefined {
    if (this.#rate !== Infinity && this.#rate * this.#ceilingMs <= 1) return this.#source;
    return this.#ceilingMs === 0 ? undefined : 'rps';
  }

  used(nowMs: number): number {
    if (this.#isResting) return 1;
    const rps = this.rps(nowMs);
    return rps === undefined ? 0 : Math.min(1, this.#recent.lastSecond(nowMs) / rps);
  }

  isScarce(nowMs: number): boolean {
    return this.used(nowMs) > 0.84;
  }

  debug() {
    return {
      mode: `${this.#isResting ? 'rest' : this.#isInEpisode ? 'cut' : this.#climbMs > 0 ? 'climb' : 'hold'}`,
      debt: this.#debt,
      cost: this.#costMs,
      cap: this.#cap.cap,
      factor: this.#factor(),
    };
  }

  #margin(): number {
    return this.#costMs >= BAN_MS ? DEAR_MARGIN : MARGIN;
  }

  #factor(): number {
    const margin = this.#margin();
    if (this.#climbMs === 0) return 1 - margin;
    const doublingMs = Math.max(DOUBLING_MS, 2 / this.#rate);
    return 1 + margin * (2 ** Math.min(30, this.#climbMs / doublingMs) - 2);
  }

  /** The first refusal of an episode: the limiter is full. */
  #cut(nowMs: number): void {
    this.#isInEpisode = true;
    this.#cutMs = nowMs;
    this.#acceptedAtCut = this.#accepted;
    this.#peak = this.#recent.lastSecond(nowMs) / 1000;
    this.#climbedTo = this.#climbMs > 0 ? this.#rate * this.#factor() : 0;
    this.#climbMs = 0;
    if (this.#rate === Infinity) {
      if (this.#peak > 0) {
        this.#rate = this.#peak;
        this.#nextAtMs = nowMs;
      }
      return;
    }
    // Leaves some room, so that the next call is not refused by a hair. What was sent too early while climbing is made
    // up for once that turns out to be why calls are refused.
    let pauseMs = 1 / this.#rate;
    if (this.#climbedTo === 0) {
      pauseMs += this.#aheadMs;
      this.#aheadMs = 0;
    }
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + Math.min(LONGEST_PAUSE_MS, pauseMs);
  }

  #rest(nowMs: number, restMs: number): void {
    this.#isResting = true;
    this.#isTrialOut = false;
    this.#trialMs = nowMs;
    const leastMs = this.#costMs >= BAN_MS ? LONGEST_REST_MS : FIRST_TRIAL_MS;
    this.#restMs = Math.min(LONGEST_REST_MS, Math.max(leastMs, restMs));
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + this.#restMs);
  }

  /** Accepted again: the episode is over, and what was accepted since the end of the last one measures the rate. */
  #pass(nowMs: number): void {
    // Full was the limiter until it accepted a trial; without one, when it refused.
    const endMs = this.#isResting ? nowMs : this.#cutMs;
    const end = this.#isResting ? this.#accepted : this.#acceptedAtCut;
    const restMs = endMs - this.#cutMs;
    const isFirst = this.#source === undefined;
    const openMs = endMs - this.#fullMs - restMs;
    // A window that is full accepts nothing for a part of it; what was accepted for much longer, or much shorter than
    // the rest shows that the rest was no part of the window, and cost what would have been accepted.
    const isLoss = (restMs >= BAN_MS || this.#isTold) && (openMs > 3 * restMs || openMs < restMs / 4);
    this.#isTold = false;
    this.#costMs = isLoss ? Math.min(LONGEST_REST_MS, restMs) : 0;
    if (this.#rate !== Infinity) {
      const spanMs = endMs - this.#fullMs;
      const got = end - this.#acceptedAtFull;
      // A window may be as long as the rest: less than two of them tell nothing of it.
      const measured =
        isLoss || spanMs >= 2 * restMs
          ? got / (isLoss ? spanMs - restMs : spanMs)
          : (end - this.#acceptedBefore) / (endMs - this.#fullBeforeMs);
      if (isFirst) this.#rate = restMs < MEASURED_MS || isLoss ? this.#peak : measured;
      else if (spanMs >= MEASURED_MS || got >= MEASURED_CALLS) this.#learn(measured);
      else this.#rate *= 1 - this.#margin() / 4;
      this.#debt = isFirst ? 0 : this.#debt + this.#costMs * this.#rate;
      this.#source = 'learnt';
      if (isFirst || spanMs >= MEASURED_MS || got >= MEASURED_CALLS) this.#mark(endMs, end);
    }
    this.#isInEpisode = false;
    this.#isResting = false;
    this.#isTrialOut = false;
    if (this.#nextAtMs < nowMs) this.#nextAtMs = nowMs;
  }

  #mark(atMs: number, accepted: number): void {
    this.#fullBeforeMs = this.#fullMs;
    this.#acceptedBefore = this.#acceptedAtFull;
    this.#fullMs = atMs;
    this.#acceptedAtFull = accepted;
  }

  #learn(measured: number): void {
    const rate = this.#rate;
    const margin = this.#margin();
    const floor = this.#floor;
    this.#floor = 0;
    if (this.#climbedTo > 0) {
      if (measured > rate * NEWS) {
        this.#floor = measured;
        this.#rate = Math.max(measured, this.#peak);
        this.#debt = 0;
      } else {
        const raised = this.#isClean ? Math.min((rate + this.#climbedTo) / 2, rate * (1 + MARGIN)) : rate;
        this.#rate = Math.max(measured, raised);
      }
    } else if (measured < 0.9 * rate) {
      this.#rate = Math.max(measured, floor, rate / 4);
      this.#debt = Math.min(this.#debt, FORGIVEN);
    } else this.#rate = rate * (1 - (this.#costMs >= BAN_MS ? margin : margin / 4));
    this.#isClean = this.#climbedTo > 0;
  }
}
