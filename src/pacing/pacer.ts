/** Learns how much an upstream accepts from what it accepts and refuses, and says when the next request may be sent. */

import { InFlightCap } from './in-flight-cap.ts';
import { LearntRate } from './learnt-rate.ts';
import { CREDIT_MS } from './schedule.ts';
import { Scout } from './scout.ts';
import { type RateHeaders, ToldLimit } from './told-limit.ts';

export interface PacerOptions {
  /** `rps=`: never more calls a second than this. */
  readonly ceilingRps?: number;
  /** Of those that serve the same requests. */
  readonly scout?: Scout;
}

/** The first trial comes after this time, the next after half of what has passed, up to a gap; later after an eighth. */
const FIRST_TRIAL_MS = 10;
const LONG_GAP_MS = 2_000;
/** What has refused everything for so long is out of order, or bans. */
const ALONE_AFTER_MS = 8_000;
/** So long a ban is left alone, or half of what has passed. */
const BAN_GAP_MS = 31_000;
const LONGEST_GAP_MS = 60_000;
/** A trial that does not come back is followed by another one after this time. */
const TRIAL_PATIENCE_MS = 1000;
/** When calls in flight are as many as allowed, room comes with the next answer; it is looked for this often. */
const LOOK_AGAIN_MS = 50;
/** A budget that is used more is short. */
const SCARCE = 0.84;

/** The budget of an upstream, or of an account. All times are monotonic milliseconds. */
export class Pacer {
  readonly ceilingRps: number | undefined;
  /** Milliseconds per call at `rps=`; 0 without. */
  readonly #ceilingMs: number;
  #ceilingAtMs = -Infinity;
  readonly #learnt = new LearntRate();
  readonly #told = new ToldLimit();
  readonly #cap = new InFlightCap();
  readonly #scout: Scout;
  /** Another one goes on trying. */
  #isLeftAlone = false;
  /** When this episode of refusals began; those of calls that were sent before are part of it. */
  #cutMs = -Infinity;
  /** The calls that it accepted in the second before. */
  #cutLoad = 0;
  #isInEpisode = false;
  /** Single trials only, until one is accepted. */
  #isResting = false;
  #isTrialOut = false;
  #trialMs = -Infinity;
  #refusedTrialMs = -Infinity;
  #restUntilMs = -Infinity;
  /** It is known not to be the calls in flight that are limited. */
  #isOfTime = false;
  #isTold = false;

  constructor({ ceilingRps, scout = new Scout() }: PacerOptions = {}) {
    this.#scout = scout;
    this.ceilingRps = ceilingRps;
    this.#ceilingMs = ceilingRps === undefined ? 0 : 1000 / ceilingRps;
  }

  /** When the next request may be sent; `nowMs` or less: now. */
  freeAtMs(nowMs: number): number {
    // Another one was accepted: this one may be well again, too.
    if (this.#isLeftAlone && this.#scout.foundMs > this.#trialMs) {
      this.#isLeftAlone = false;
      this.#restUntilMs = -Infinity;
    }
    const atMs = Math.max(this.#ceilingAtMs, this.#restUntilMs);
    if (this.#isResting) {
      return this.#isTrialOut ? Math.max(atMs, this.#trialMs + TRIAL_PATIENCE_MS) : atMs;
    }
    if (this.#cap.isFull(this.#learnt.mayProbe)) return Math.max(atMs, nowMs + LOOK_AGAIN_MS);
    const nextAtMs = this.#learnt.nextAtMs;
    return Math.max(atMs, this.#learnt.isTold ? this.#told.dueAtMs(nextAtMs) : nextAtMs);
  }

  /** A request with so many calls is sent now; one that is no JSON-RPC counts as one. */
  sent(calls: number, nowMs: number): void {
    this.#cap.sent(nowMs);
    this.#told.sent(nowMs);
    if (this.#ceilingMs > 0) {
      this.#ceilingAtMs = Math.max(this.#ceilingAtMs, nowMs - CREDIT_MS) + calls * this.#ceilingMs;
    }
    if (this.#isResting) {
      this.#isTrialOut = true;
      this.#trialMs = nowMs;
    } else this.#learnt.sent(calls, nowMs);
  }

  /** It came back, not refused for a rate limit. */
  answered(calls: number, sentMs: number, nowMs: number): void {
    this.#cap.accepted(sentMs);
    this.acceptedOf(calls, nowMs);
    this.#told.answered(sentMs, nowMs);
    if (!this.#isInEpisode || sentMs < (this.#isResting ? this.#trialMs : this.#cutMs)) return;
    this.#learnt.opened(
      {
        beganMs: this.#cutMs,
        // It was full until some time between the last trial that was refused and the one that was not.
        endedMs: this.#isTold ? nowMs : (this.#trialMs + this.#refusedTrialMs) / 2,
        triedMs: sentMs,
        restMs: this.#isResting ? nowMs - this.#cutMs : 0,
        isTold: this.#isTold,
      },
      nowMs,
    );
    this.#scout.accepted(this, this.#isLeftAlone, nowMs);
    this.#endEpisode();
  }

  /** Of a batch that is `refused` in part so many calls were not. To be told before. */
  acceptedOf(calls: number, nowMs: number): void {
    this.#learnt.accepted(calls, nowMs);
    this.#told.accepted(calls, nowMs);
  }

  /** Refused for a rate limit. `restMs`: how long it asks to be left alone, if it says so. */
  refused(calls: number, sentMs: number, nowMs: number, restMs: number | undefined): void {
    if (restMs !== undefined) this.#restUntilMs = Math.max(this.#restUntilMs, nowMs + restMs);
    // Headers have told that nothing is left: what was on its way teaches nothing.
    const emptyUntilMs = this.#told.refusedEmpty(nowMs);
    if (emptyUntilMs !== undefined) {
      this.#restUntilMs = Math.max(this.#restUntilMs, emptyUntilMs);
      this.lost(sentMs);
      return;
    }
    this.#learnt.refused(calls, sentMs);
    this.#told.refused();
    if (restMs !== undefined) this.#tellsTimes();
    if (this.#isOfTime || this.#learnt.isDear) this.#cap.lost(sentMs);
    else if (this.#cap.refused(sentMs, nowMs)) {
      this.#learnt.forget(nowMs);
      if (restMs === undefined) this.#endEpisode();
      return;
    }
    if (restMs !== undefined) this.#isTold = true;
    if (this.#isResting) {
      if (sentMs >= this.#trialMs) this.#rest(nowMs);
      return;
    }
    if (this.#isInEpisode && sentMs < this.#cutMs) {
      if (restMs !== undefined) this.#rest(nowMs);
      return;
    }
    const isFirst = !this.#isInEpisode;
    if (isFirst && sentMs < this.#cutMs) return;
    if (isFirst) {
      this.#isInEpisode = true;
      this.#cutMs = nowMs;
      this.#cutLoad = this.#learnt.acceptedLately(nowMs);
      this.#learnt.full(nowMs);
    }
    // A single refusal of those that are sent evenly takes no rest; a second one does, and where it is dear, each.
    if (!isFirst || restMs !== undefined || this.#learnt.isDear) this.#rest(nowMs);
  }

  /** It ended without telling anything of the limit: timed out, broke off, was cancelled. */
  lost(sentMs: number): void {
    this.#cap.lost(sentMs);
    if (this.#isResting && sentMs >= this.#trialMs) this.#isTrialOut = false;
  }

  /** What rate headers of an answer say. Budgets of a day or a month are not for pacing. */
  told(headers: RateHeaders, nowMs: number): void {
    this.#tellsTimes();
    this.#restUntilMs = Math.max(this.#restUntilMs, this.#told.emptyUntilMs(headers, nowMs));
    const rate = this.#told.rateOf(headers, this.#learnt.acceptedLately(nowMs), nowMs);
    const isWrong = rate === Infinity;
    if (rate !== undefined && (!isWrong || this.#learnt.isTold)) this.#learnt.told(rate, nowMs);
    if (isWrong && this.#learnt.isTold) this.#learnt.forget(nowMs);
  }

  /** Calls a second that are allowed at present; undefined while nothing is known. */
  rps(): number | undefined {
    const rps = Math.min(this.#learnt.rate * 1000, 1000 / this.#ceilingMs);
    return rps === Infinity ? undefined : rps;
  }

  /** Where the figure comes from. */
  get source(): 'learnt' | 'rps' | 'headers' | undefined {
    if (this.rps() === undefined) return undefined;
    if (this.#learnt.rate * this.#ceilingMs > 1) return 'rps';
    return this.#learnt.isTold ? 'headers' : 'learnt';
  }

  /** Share of the budget in use at present, 0 to 1. */
  used(nowMs: number): number {
    if (this.#isResting || nowMs < this.#restUntilMs) return 1;
    const rps = this.rps();
    const ofRate = rps === undefined ? 0 : this.#learnt.acceptedLately(nowMs) / rps;
    return Math.min(1, Math.max(this.#cap.inFlight / this.#cap.cap, ofRate));
  }

  /** Budgets are short: what is not needed is not sent. */
  isScarce(nowMs: number): boolean {
    return this.used(nowMs) > SCARCE;
  }

  /** Who tells times limits what is sent in a time, and not what is in flight. */
  #tellsTimes(): void {
    if (!this.#isOfTime) this.#cap.forget();
    this.#isOfTime = true;
  }

  /** An operator says that it may be asked again: the rest is over, what was learnt stays. */
  endRest(): void {
    this.#restUntilMs = -Infinity;
    this.#told.endEmpty();
    this.#endEpisode();
  }

  /** The refusals had another reason: what they have taught is forgotten. */
  forget(nowMs: number): void {
    this.#learnt.forget(nowMs);
    this.endRest();
  }

  #endEpisode(): void {
    this.#isLeftAlone = false;
    this.#isInEpisode = false;
    this.#isResting = false;
    this.#isTrialOut = false;
    this.#isTold = false;
  }

  /** Waits for the next trial, or for what the refusal said. */
  #rest(nowMs: number): void {
    this.#refusedTrialMs = this.#isResting ? this.#trialMs : nowMs;
    const elapsedMs = nowMs - this.#cutMs;
    const gapMs = this.#gapMs(elapsedMs, nowMs);
    this.#isResting = true;
    this.#isTrialOut = false;
    this.#trialMs = nowMs;
    // What it said is enough, once.
    if (this.#restUntilMs <= nowMs) this.#restUntilMs = nowMs + gapMs;
  }

  #gapMs(elapsedMs: number, nowMs: number): number {
    const isBan = this.#learnt.isDear;
    if (!isBan && elapsedMs < ALONE_AFTER_MS)
      return Math.max(FIRST_TRIAL_MS, Math.min(LONG_GAP_MS, elapsedMs / 2));
    if (!isBan && this.#scout.isTurnOf(this, this.#cutLoad, nowMs))
      return Math.max(LONG_GAP_MS, elapsedMs / 8);
    this.#isLeftAlone = !isBan;
    return Math.max(BAN_GAP_MS, Math.min(LONGEST_GAP_MS, elapsedMs / 2));
  }
}
