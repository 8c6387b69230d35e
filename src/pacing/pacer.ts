/** Learns how much an upstream accepts from what it accepts and refuses, and says when the next request may be sent. */

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
/** Refusals per accepted call that looking for more may cost. */
const WASTE = 0.008;
/** The excess while climbing doubles once in this time, or in that of two calls. */
const DOUBLING_MS = 400;
/** A climb above this share of the limit found another limit. */
const NEWS = 0.25;
/** What was not used stays usable this long: timers are late, and pauses between requests are short. */
const CREDIT_MS = 15;
/** Fewest calls, or shortest time, between two refusals that measure a rate. */
const MEASURED_CALLS = 16;
const MEASURED_MS = 1000;
const FIRST_TRIAL_MS = 10;
const LONGEST_REST_MS = 30_000;
/** However dear refusals were, the limit is looked for again after this time without any. */
const LONGEST_HOLD_MS = 60_000;

export class Pacer {
  readonly #ceilingMs: number;
  #ceilingAtMs = -Infinity;
  /** Calls a millisecond; Infinity while nothing is known. */
  #rate = Infinity;
  #source: 'learnt' | 'headers' | undefined;
  #nextAtMs = -Infinity;
  /** How long the limit has been looked for, in time in which it held requests back. */
  #climbMs = 0;
  /** Refusals that are not yet made up for by accepted calls. */
  #debt = 0;
  #accepted = 0;
  /** Refusals of calls sent before are part of what is known already. */
  #cutMs = -Infinity;
  #hasPassed = true;
  #fullMs = -Infinity;
  #acceptedAtFull = 0;
  #restUntilMs = -Infinity;
  #restMs = 0;
  #isResting = false;
  #trialMs = -Infinity;
  #isTrialOut = false;
  readonly #recent = new RecentCalls();

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
    return atMs;
  }

  sent(load: Load, nowMs: number): void {
    this.#ceilingAtMs = Math.max(this.#ceilingAtMs, nowMs - CREDIT_MS) + load.calls * this.#ceilingMs;
    if (this.#isResting) {
      this.#isTrialOut = true;
      this.#trialMs = nowMs;
      return;
    }
    if (this.#rate === Infinity) return;
    const spacingMs = load.calls / (this.#rate * this.#factor());
    if (this.#nextAtMs >= nowMs - CREDIT_MS) {
      if (this.#debt <= 0 || nowMs - this.#cutMs > LONGEST_HOLD_MS) this.#climbMs += spacingMs;
      this.#nextAtMs += spacingMs;
    } else this.#nextAtMs = nowMs - CREDIT_MS + spacingMs;
  }

  answered(load: Load, sentMs: number, nowMs: number): void {
    this.#accepted += load.calls;
    this.#recent.add(load.calls, nowMs);
    this.#debt = Math.max(0, this.#debt - WASTE * load.calls);
    if (sentMs < this.#cutMs) return;
    this.#hasPassed = true;
    if (!this.#isResting || sentMs < this.#trialMs) return;
    this.#isResting = false;
    this.#isTrialOut = false;
    this.#nextAtMs = nowMs;
  }

  refused(load: Load, sentMs: number, nowMs: number, restMs: number | undefined): void {
    this.#debt += load.calls;
    if (restMs !== undefined) this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + restMs);
    if (this.#isResting) {
      if (sentMs < this.#trialMs) return;
      this.#isTrialOut = false;
      this.#restMs = Math.min(LONGEST_REST_MS, this.#restMs * 2);
      this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + this.#restMs);
      return;
    }
    if (sentMs < this.#cutMs) return;
    if (this.#hasPassed && restMs === undefined) this.#cut(nowMs);
    else this.#rest(nowMs);
  }

  lost(_load: Load, sentMs: number, _nowMs: number): void {
    if (this.#isResting && sentMs >= this.#trialMs) this.#isTrialOut = false;
  }

  told(_headers: RateHeaders, _nowMs: number): void {}

  rps(nowMs: number): number | undefined {
    const learnt = this.#rate * 1000;
    const rps = Math.min(learnt, this.#ceilingMs === 0 ? Infinity : 1000 / this.#ceilingMs);
    void nowMs;
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

  #factor(): number {
    if (this.#climbMs === 0) return 1 - MARGIN;
    const doublingMs = Math.max(DOUBLING_MS, 2 / this.#rate);
    return 1 + MARGIN * (2 ** Math.min(30, this.#climbMs / doublingMs) - 2);
  }

  #cut(nowMs: number): void {
    const spanMs = nowMs - this.#fullMs;
    const got = this.#accepted - this.#acceptedAtFull;
    const isMeasured = spanMs >= MEASURED_MS || got >= MEASURED_CALLS;
    const lastSecond = this.#recent.lastSecond(nowMs) / 1000;
    const climbed = this.#factor() - 1;
    if (this.#rate === Infinity) {
      if (lastSecond > 0) this.#rate = lastSecond;
    } else if (climbed > NEWS) this.#rate = Math.max(this.#rate, lastSecond);
    else if (this.#climbMs > 0) this.#rate = Math.max(this.#rate, got / spanMs);
    else if (isMeasured) this.#rate = Math.min(this.#rate * (1 - MARGIN / 2), Math.max(got, 0.5) / spanMs);
    if (this.#rate !== Infinity) this.#source = 'learnt';
    if (isMeasured) {
      this.#fullMs = nowMs;
      this.#acceptedAtFull = this.#accepted;
    }
    this.#climbMs = 0;
    this.#cutMs = nowMs;
    this.#hasPassed = false;
    if (this.#nextAtMs < nowMs) this.#nextAtMs = nowMs;
  }

  #rest(nowMs: number): void {
    if (this.#hasPassed) this.#cut(nowMs);
    this.#isResting = true;
    this.#isTrialOut = false;
    this.#cutMs = nowMs;
    this.#trialMs = nowMs;
    this.#restMs = Math.max(FIRST_TRIAL_MS, this.#rate === Infinity ? 0 : 0.5 / this.#rate);
    this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + this.#restMs);
  }
}
