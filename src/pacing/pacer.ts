/** Learns how much an upstream accepts from what it accepts and refuses, and says when the next request may be sent. */

import { InFlightCap } from './in-flight-cap.ts';
import { LearntRate } from './learnt-rate.ts';
import { type Learnt, NOBODY, type Others } from './others.ts';
import { Rests } from './rests.ts';
import { CREDIT_MS } from './schedule.ts';
import { Scout } from './scout.ts';
import { type RateHeaders, ToldLimit } from './told-limit.ts';

export interface PacerOptions {
  /** `rps=`: never more calls a second than this. */
  readonly ceilingRps?: number;
  /** Of those that serve the same requests. */
  readonly scout?: Scout;
}

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
  readonly #rests: Rests;
  /** It is known not to be the calls in flight that are limited. */
  #isOfTime = false;
  #others: Others = NOBODY;

  constructor({ ceilingRps, scout = new Scout() }: PacerOptions = {}) {
    this.#rests = new Rests(scout);
    this.ceilingRps = ceilingRps;
    this.#ceilingMs = ceilingRps === undefined ? 0 : 1000 / ceilingRps;
  }

  /** From now on the budget is that of several processes; NOBODY: of this one alone. */
  shareWith(others: Others): void {
    this.#others = others;
    this.#cap.hasOthers = others !== NOBODY;
    this.#learnt.counts.others = others;
  }

  /** The share was another one until now: what is due at that rate is due at the new one. */
  shareWas(before: number, nowMs: number): void {
    const factor = before / this.#others.share;
    if (this.#ceilingAtMs > nowMs) this.#ceilingAtMs = nowMs + (this.#ceilingAtMs - nowMs) * factor;
    this.#learnt.stretch(factor, nowMs);
  }

  /** When the next request may be sent; `nowMs` or less: now. */
  freeAtMs(nowMs: number): number {
    const atMs = Math.max(this.#ceilingAtMs, this.#rests.untilMs);
    if (this.#rests.isResting) return this.#rests.trialAtMs(atMs);
    if (this.#cap.isFull(this.#learnt.mayProbe)) return Math.max(atMs, nowMs + LOOK_AGAIN_MS);
    const nextAtMs = this.#learnt.nextAtMs(nowMs);
    return Math.max(atMs, this.#learnt.isTold ? this.#told.dueAtMs(nextAtMs) : nextAtMs);
  }

  /** A request with so many calls is sent now; one that is no JSON-RPC counts as one. */
  sent(calls: number, nowMs: number): void {
    this.#others.noteUse();
    this.#cap.sent(nowMs);
    this.#told.sent(nowMs);
    if (this.#ceilingMs > 0) {
      const spacingMs = (calls * this.#ceilingMs) / this.#others.share;
      this.#ceilingAtMs = Math.max(this.#ceilingAtMs, nowMs - CREDIT_MS) + spacingMs;
    }
    if (this.#rests.isResting) this.#rests.tried(nowMs);
    else this.#learnt.sent(calls, nowMs);
  }

  /** It came back, not refused for a rate limit. */
  answered(calls: number, sentMs: number, nowMs: number): void {
    this.#cap.accepted(sentMs);
    this.acceptedOf(calls, nowMs);
    this.#told.answered(sentMs, nowMs);
    if (!this.#rests.isEndedBy(sentMs)) return;
    this.#learnt.opened(this.#rests.episode(sentMs, nowMs), nowMs);
    this.#rests.accepted(nowMs);
    this.#noteNews();
  }

  /** Of a batch that is `refused` in part so many calls were not. To be told before. */
  acceptedOf(calls: number, nowMs: number): void {
    this.#learnt.accepted(calls, nowMs);
    this.#told.accepted(calls, nowMs);
  }

  /** Refused for a rate limit. `restMs`: how long it asks to be left alone, if it says so. */
  refused(calls: number, sentMs: number, nowMs: number, restMs: number | undefined): void {
    if (restMs !== undefined) this.#rests.waitUntil(nowMs + restMs);
    // Headers have told that nothing is left: what was on its way teaches nothing.
    const emptyUntilMs = this.#told.refusedEmpty(nowMs);
    if (emptyUntilMs !== undefined) {
      this.#rests.waitUntil(emptyUntilMs);
      this.lost(sentMs);
      return;
    }
    this.#learnt.refused(calls, sentMs);
    this.#told.refused();
    if (restMs !== undefined) this.#tellsTimes();
    if (this.#isOfTime || this.#learnt.isDear || this.#isForAll(sentMs)) this.#cap.lost(sentMs);
    else if (this.#refusedForCap(sentMs, nowMs)) {
      this.#learnt.forget(nowMs);
      if (restMs === undefined) this.#rests.end();
      return;
    }
    this.#take(sentMs, nowMs, restMs !== undefined);
  }

  /**
   * Where several share a window, each sees so few calls that chance refusals look like a cap. While more is looked
   * for they are expected, and those that were on their way when anybody was refused have the same reason.
   */
  #isForAll(sentMs: number): boolean {
    return this.#others !== NOBODY && (this.#learnt.hasWindow || this.#rests.isOld(sentMs));
  }

  /** Others are told once it is sure, since they hold back for a rate that there is not. */
  #refusedForCap(sentMs: number, nowMs: number): boolean {
    const wasSure = this.#cap.isSure;
    const isForCap = this.#cap.refused(sentMs, nowMs);
    if (this.#cap.isSure && !wasSure) this.#others.noteNews();
    return isForCap;
  }

  /** It is a rate that is limited. */
  #take(sentMs: number, nowMs: number, isTold: boolean): void {
    const rests = this.#rests;
    const isFirst = !rests.isInEpisode;
    if (isTold) rests.toldTime();
    if (rests.isResting) {
      if (!rests.isTrial(sentMs)) return;
    } else if (rests.isOld(sentMs) && (isFirst || !isTold)) return;
    if (isFirst && !rests.isResting) {
      rests.begin(this.#learnt.counts.lately(nowMs), nowMs);
      this.#learnt.full(nowMs);
    }
    // A single refusal of those that are sent evenly takes no rest; a second one does, and where it is dear, each.
    if (!isFirst || isTold || this.#learnt.isDear) rests.rest(this.#learnt.isDear, nowMs);
    this.#noteNews();
  }

  /** It ended without telling anything of the limit: timed out, broke off, was cancelled. */
  lost(sentMs: number): void {
    this.#cap.lost(sentMs);
    this.#rests.lost(sentMs);
  }

  /** What rate headers of an answer say. Budgets of a day or a month are not for pacing. */
  told(headers: RateHeaders, nowMs: number): void {
    this.#tellsTimes();
    this.#rests.waitUntil(this.#told.emptyUntilMs(headers, nowMs));
    const rate = this.#told.rateOf(headers, this.#learnt.counts.lately(nowMs), nowMs);
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
    if (this.#rests.isResting || nowMs < this.#rests.untilMs) return 1;
    const rps = this.rps();
    const ofRate = rps === undefined ? 0 : this.#learnt.counts.lately(nowMs) / rps;
    return Math.min(1, Math.max(this.#cap.inFlight / this.#cap.cap, ofRate));
  }

  /** What this process does: calls accepted since the start and in the last second, calls in flight. */
  own(nowMs: number): { readonly accepted: number; readonly perSecond: number; readonly inFlight: number } {
    return { ...this.#learnt.counts.own(nowMs), inFlight: this.#cap.inFlight };
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
    this.#told.endEmpty();
    this.#rests.forget();
    this.#others.noteNews();
  }

  /** The refusals had another reason: what they have taught is forgotten. */
  forget(nowMs: number): void {
    this.#learnt.forget(nowMs);
    this.endRest();
  }

  /** Others are told what is known of a rate: which calls in flight are allowed each finds out for itself. */
  #noteNews(): void {
    if (this.#learnt.rate !== Infinity && this.#cap.cap === Infinity) this.#others.noteNews();
  }

  /** What the others are to know. */
  learnt(nowMs: number): Learnt {
    const { isInEpisode, isResting, untilMs } = this.#rests;
    return {
      ...this.#learnt.learnt(),
      isFull: isInEpisode,
      restMs: isResting || untilMs > nowMs ? Math.max(1, Math.round(untilMs - nowMs)) : 0,
    };
  }

  /** What another process has learnt holds here, too: it knew more. What was sent before teaches nothing new. */
  adopt(learnt: Learnt, nowMs: number): void {
    const { isResting, isInEpisode, cutMs } = this.#rests;
    const { isFull, restMs } = learnt;
    if (this.#cap.cap !== Infinity) return;
    if (isResting && !isFull) this.#others.paused(cutMs, nowMs);
    // That it is full is known already.
    if (!isFull || !isInEpisode) this.#learnt.adopt(learnt, nowMs);
    if (!isFull) this.#rests.endedElsewhere(nowMs);
    else if (!isInEpisode) this.#rests.begin(this.#learnt.counts.lately(nowMs), nowMs);
    if (restMs > 0 && isFull) this.#rests.leaveTo(restMs, nowMs);
    else if (restMs > 0) this.#rests.waitUntil(nowMs + restMs);
  }
}
