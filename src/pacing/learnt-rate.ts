/** The rate that an upstream accepts, as far as it is learnt. */

import { Accepted } from './accepted.ts';
import { dearGuess, firstGuess, type Way } from './climb.ts';
import { BAN_MS, type Episode, isLossOf, isRoundedUp, LONGEST_REST_MS } from './episode.ts';
import { FullMoments, MEASURED_CALLS, MEASURED_MS } from './full-moments.ts';
import type { Learnt } from './others.ts';
import { FALL, NEWS, RateSteps, STEP, type Step } from './rate-steps.ts';
import type { Pace } from './schedule.ts';
import { Strays } from './strays.ts';
import { TurnSchedule } from './turn-schedule.ts';
import { Waste } from './waste.ts';

/** Rates are calls a millisecond, times monotonic milliseconds. The reasons: docs/decisions/0014-learnt-budgets.md */
export class LearntRate implements Pace {
  readonly counts = new Accepted();
  #rate = Infinity;
  #toldRate = 0;
  #isMeasured = false;
  readonly #schedule = new TurnSchedule();
  /** The rate that was reached before the refusal; 0 if more was not looked for. */
  #climbedTo = 0;
  readonly #waste = new Waste();
  readonly #steps = new RateSteps();
  readonly #strays = new Strays();
  /** What the last rest cost. */
  #costMs = 0;
  readonly #full = new FullMoments();
  #cutMs = -Infinity;
  #acceptedAtCut = 0;
  /** In the second before the refusal. */
  #peak = 0;

  /** Infinity while nothing is known. */
  get rate(): number {
    return this.#rate;
  }

  get isTold(): boolean {
    return this.#rate === this.#toldRate;
  }

  /** A refusal here keeps everything away for half a minute. */
  get isDear(): boolean {
    return this.#costMs >= BAN_MS;
  }

  /** It is known to have a window of a second or more. */
  get hasWindow(): boolean {
    return this.#full.windowMs >= MEASURED_MS;
  }

  /** When the next request is due. */
  nextAtMs(nowMs: number): number {
    return this.#rate === Infinity ? -Infinity : this.#schedule.dueMs(this, this.counts.others, nowMs);
  }

  get share(): number {
    return this.counts.others.share;
  }

  stretch(factor: number, nowMs: number): void {
    this.#schedule.stretch(factor, nowMs);
  }

  sent(calls: number, nowMs: number): void {
    if (!this.#full.hasBegun) this.#full.begin(nowMs, this.counts.at(nowMs));
    if (this.#rate === Infinity) return;
    const { others } = this.counts;
    const unusedMs = this.#schedule.sentOf(calls, this, others, this.#mayClimb(nowMs), nowMs);
    // What the others use was not left unused.
    if (unusedMs > 0) this.#full.leaveOut(unusedMs * Math.max(0, 1 - others.rate / this.#rate));
  }

  accepted(calls: number, nowMs: number): void {
    const ofAll = this.counts.add(calls, nowMs);
    // Where no rate is known what is limited is that of each process.
    this.#waste.accepted(this.#rate === Infinity ? calls : ofAll);
  }

  /** `sentMs` is when it was sent. Of a batch that was not done the others need not wait for more than one call. */
  refused(calls: number, sentMs: number): void {
    this.#waste.refused(calls, sentMs);
    this.#schedule.takeBack(calls - 1, this);
  }

  get mayProbe(): boolean {
    return this.#waste.isMadeUpFor;
  }

  /** The first refusal of an episode: the limiter is full. */
  full(nowMs: number): void {
    this.#cutMs = nowMs;
    this.#acceptedAtCut = this.counts.at(nowMs);
    this.#peak = this.counts.lately(nowMs) / 1000;
    this.#climbedTo = this.#schedule.endClimb(this);
    if (this.#rate === Infinity) {
      if (this.#peak > 0 && (this.isDear || !this.#strays.isStray(this.#peak, nowMs)))
        this.#restart(this.#firstGuess(nowMs), nowMs);
      return;
    }
    // Leaves some room, so that the next call is not refused by a hair.
    this.#schedule.waitOne(this, this.counts.others, nowMs);
    if (this.#climbedTo > 0) return;
    // What was sent too early while climbing is made up for once that turns out to be why calls are refused.
    this.#full.leaveOut(this.#schedule.payBack(this, nowMs));
  }

  /** Accepted again: what was accepted between two moments at which the limiter was full measures its rate. */
  opened(episode: Episode, nowMs: number): void {
    if (episode.restMs > 0) this.counts.others.paused(episode.beganMs, nowMs);
    const isLoss = isLossOf(episode, this.#full.lastMs, this.isDear);
    this.#costMs = isLoss ? Math.min(LONGEST_REST_MS, episode.restMs) : 0;
    if (this.#rate !== Infinity) this.#measure(episode, isLoss, nowMs);
    if (this.#toldRate > 0) this.#rate = Math.min(this.#rate, this.#toldRate);
    // The trial counts in a window that has just opened.
    const nextMs =
      episode.restMs > 0 ? episode.triedMs + 1 / (this.#schedule.speed(this) * this.share) : nowMs;
    this.#schedule.waitUntil(Math.max(nowMs, nextMs));
    this.#schedule.beginAnew();
  }

  /** What headers tell holds, unless refusals tell that it is less. */
  told(rate: number, nowMs: number): void {
    if (rate === this.#toldRate) return;
    this.#toldRate = rate;
    this.#isMeasured = true;
    this.#waste.begin(nowMs);
    this.#steps.isStarting = false;
    this.#schedule.endClimb(this);
    this.#restart(rate, nowMs);
    this.#full.mark(nowMs, this.counts.at(nowMs));
  }

  /** The refusals had another reason. */
  forget(nowMs: number): void {
    this.#waste.countFrom(nowMs);
    this.#rate = Infinity;
    this.#isMeasured = false;
    this.#waste.forgive();
  }

  /** Of few calls rather too much than too little: that is found out much sooner. */
  #firstGuess(nowMs: number): number {
    this.#steps.isStarting = this.counts.at(nowMs) < MEASURED_CALLS;
    if (!this.#steps.isStarting) return this.#peak;
    return firstGuess(this.#peak, nowMs - this.#full.lastMs);
  }

  #measure({ beganMs, endedMs, restMs, isTold }: Episode, isLoss: boolean, nowMs: number): void {
    const endMs = isLoss ? nowMs : restMs > 0 ? endedMs : beganMs;
    const end = restMs > 0 ? this.counts.at(nowMs) : this.#acceptedAtCut;
    const { spanMs, openMs, measured, isLong } = this.#full.measure(endMs, end, restMs, isLoss);
    const { here: accepted } = this.counts;
    const finding = {
      ...{ rate: this.#rate, measured, spanMs, accepted },
      ...{ climbedTo: this.#climbedTo, peak: this.#peak },
    };
    if (this.#isMeasured && this.isDear) this.#rate = this.#steps.nextDear(finding, openMs);
    else if (this.#isMeasured && isLong) this.#take(this.#steps.next(finding), nowMs);
    else if (this.#isMeasured) this.#rate *= 1 - STEP;
    else if (this.isDear) this.#rate = dearGuess(this.#peak, beganMs - this.#full.lastMs);
    else if (isLoss || restMs < MEASURED_MS || isRoundedUp(isTold, restMs)) this.#rate = this.#peak;
    else this.#rate = measured;
    if (this.#isMeasured) this.#waste.lost(this.#costMs * this.#rate);
    else this.#began(nowMs, restMs);
    if (isLong || !this.#isMeasured) this.#full.mark(endMs, end);
    this.#isMeasured = true;
  }

  #take({ rate, kind, sinceRaise }: Step, nowMs: number): void {
    this.#rate = rate;
    if (kind === 'raised') {
      this.#waste.forget();
      this.#schedule.raised();
    } else if (kind !== 'held') this.#waste.forgive();
    if (kind !== 'back') return;
    const sentMs = sinceRaise / (rate * this.share);
    this.#full.leaveOut(this.#schedule.takeBackRaise(sentMs, this, nowMs));
  }

  /** What refusals cost is made up for, or long ago; headers that tell the limit need no search. */
  #mayClimb(nowMs: number): boolean {
    if (this.isTold) return false;
    return (this.isDear && this.#steps.isStarting) || this.#waste.isPast(nowMs - this.#cutMs, this.#costMs);
  }

  /** How requests are sent at present. */
  get way(): Way {
    if (this.isDear) return 'dear';
    return this.#steps.isStarting ? 'start' : 'plain';
  }

  #began(nowMs: number, restMs: number): void {
    // A long window, or a ban: it was not few calls that were accepted.
    if (restMs >= MEASURED_MS) this.#steps.isStarting = this.isDear;
    this.#waste.forget();
    this.#waste.begin(nowMs);
  }

  #restart(rate: number, nowMs: number): void {
    this.#rate = rate;
    this.#schedule.restart(nowMs);
  }

  learnt(): Omit<Learnt, 'isFull' | 'restMs'> {
    return {
      rate: this.#rate === Infinity ? null : this.#rate * 1000,
      told: this.#toldRate * 1000,
      costMs: this.#costMs,
      isStarting: this.#steps.isStarting,
      wasQuick: this.#steps.wasQuick,
      isMeasured: this.#isMeasured,
      climbedTo: this.#climbedTo * 1000,
      windowMs: this.#full.windowMs,
      debt: this.#waste.debt,
    };
  }

  /** What another process has learnt. Nobody has to learn it again from what was sent before. */
  adopt(learnt: Learnt, nowMs: number): void {
    const { rate, told, costMs, isStarting, wasQuick, isMeasured, windowMs, debt, isFull } = learnt;
    const isNew = this.#rate === Infinity;
    const next = rate === null ? Infinity : rate / 1000;
    this.#climbedTo = isNew ? 0 : Math.max(learnt.climbedTo / 1000, this.#schedule.endClimb(this));
    if (this.#climbedTo === 0 && isFull && !isNew) this.#schedule.payBack(this, nowMs);
    const before = this.#rate;
    if (next > before * NEWS) this.#schedule.raised();
    this.#rate = next;
    this.#toldRate = told / 1000;
    this.#costMs = costMs;
    this.#steps.adopt(isStarting, wasQuick);
    this.#isMeasured = isMeasured;
    this.#full.windowMs = windowMs;
    this.#cutMs = nowMs;
    if (isMeasured) this.#waste.begin(nowMs);
    this.#waste.adopt(debt, next > before * NEWS || next < before * FALL);
    this.#acceptedAtCut = this.counts.at(nowMs);
    this.#peak = this.counts.lately(nowMs) / 1000;
    if (isNew && rate !== null) this.#schedule.restart(nowMs);
    if (isFull) this.#schedule.waitOne(this, this.counts.others, nowMs);
    else {
      this.#full.mark(nowMs, this.#acceptedAtCut);
      this.#schedule.waitUntil(nowMs);
      this.#schedule.beginAnew();
    }
  }
}
