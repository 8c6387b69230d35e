/** The rate that an upstream accepts, as far as it is learnt. */

import { dearGuess, firstGuess, marginOf, type Way } from './climb.ts';
import { BAN_MS, type Episode, isLossOf, isRoundedUp, LONGEST_REST_MS } from './episode.ts';
import { FullMoments, MEASURED_CALLS, MEASURED_MS } from './full-moments.ts';
import { RecentCalls } from './recent-calls.ts';
import { type Pace, Schedule } from './schedule.ts';
import { Strays } from './strays.ts';
import { Waste } from './waste.ts';

/** What a refusal takes off the rate when more was not looked for. */
const STEP = 0.005;
/** What a refusal that bans leaves of the rate when it came so soon after the one before. */
const DEAR_QUICK = 0.85;
const QUICK_MS = 5_000;
/** A climb during which more was accepted than the rate, by this factor on average, found another limit. */
const NEWS = 1.05;
/** It is taken for what was accepted at last, but for no more than this multiple of what was accepted all the time. */
const LEAP = 1.3;

/** Rates are calls a millisecond, times monotonic milliseconds. The reasons: docs/decisions/0014-learnt-budgets.md */
export class LearntRate implements Pace {
  #rate = Infinity;
  #toldRate = 0;
  #isMeasured = false;
  readonly #schedule = new Schedule();
  /** The rate that was reached before the refusal; 0 if more was not looked for. */
  #climbedTo = 0;
  readonly #waste = new Waste();
  /** The rate was measured in passing, and more is looked for at once, in long steps. */
  #isStarting = false;
  /** The last refusal that banned came soon after the one before. */
  #wasQuick = false;
  readonly #strays = new Strays();
  /** What the last rest cost. */
  #costMs = 0;
  #accepted = 0;
  readonly #full = new FullMoments();
  #cutMs = -Infinity;
  #acceptedAtCut = 0;
  /** In the second before the refusal. */
  #peak = 0;
  /** What is sure when a raise turns out to be wrong; 0 if the last change was none. */
  #floor = 0;
  /** What was accepted when the rate was raised. */
  #acceptedAtRaise = 0;
  /** Nothing was refused since more was looked for. */
  #isClean = true;
  readonly #recent = new RecentCalls();

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

  /** When the next request is due. */
  get nextAtMs(): number {
    return this.#rate === Infinity ? -Infinity : this.#schedule.nextAtMs;
  }

  acceptedLately(nowMs: number): number {
    return this.#recent.lastSecond(nowMs);
  }

  sent(calls: number, nowMs: number): void {
    this.#full.begin(nowMs);
    if (this.#rate === Infinity) return;
    const unusedMs = this.#schedule.sent(calls, this, this.#mayClimb(nowMs), nowMs);
    if (unusedMs > 0) this.#full.leaveOut(unusedMs);
  }

  accepted(calls: number, nowMs: number): void {
    this.#accepted += calls;
    this.#recent.add(calls, nowMs);
    this.#waste.accepted(calls);
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
    this.#acceptedAtCut = this.#accepted;
    this.#peak = this.#recent.lastSecond(nowMs) / 1000;
    this.#climbedTo = this.#schedule.endClimb(this);
    if (this.#rate === Infinity) {
      if (this.#peak > 0 && !this.#strays.isStray(this.#peak, nowMs))
        this.#restart(this.#firstGuess(nowMs), nowMs);
      return;
    }
    // Leaves some room, so that the next call is not refused by a hair.
    this.#schedule.waitUntil(Math.max(this.#schedule.nextAtMs, nowMs) + 1 / this.#rate);
    if (this.#climbedTo > 0) return;
    // What was sent too early while climbing is made up for once that turns out to be why calls are refused.
    this.#full.leaveOut(this.#schedule.payBack(this, nowMs));
  }

  /** Accepted again: what was accepted between two moments at which the limiter was full measures its rate. */
  opened(episode: Episode, nowMs: number): void {
    const isLoss = isLossOf(episode, this.#full.lastMs, this.isDear);
    this.#costMs = isLoss ? Math.min(LONGEST_REST_MS, episode.restMs) : 0;
    if (this.#rate !== Infinity) this.#measure(episode, isLoss, nowMs);
    if (this.#toldRate > 0) this.#rate = Math.min(this.#rate, this.#toldRate);
    // The trial counts in a window that has just opened.
    const nextMs = episode.restMs > 0 ? episode.triedMs + 1 / this.#schedule.speed(this) : nowMs;
    this.#schedule.waitUntil(Math.max(nowMs, nextMs));
    this.#schedule.beginAnew();
  }

  /** What headers tell holds, unless refusals tell that it is less. */
  told(rate: number, nowMs: number): void {
    if (rate === this.#toldRate) return;
    this.#toldRate = rate;
    this.#isMeasured = true;
    this.#isStarting = false;
    this.#schedule.endClimb(this);
    this.#restart(rate, nowMs);
    this.#full.mark(nowMs, this.#accepted);
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
    this.#isStarting = this.#accepted < MEASURED_CALLS;
    if (!this.#isStarting) return this.#peak;
    return firstGuess(this.#peak, nowMs - this.#full.lastMs);
  }

  #measure({ beganMs, endedMs, restMs, isTold }: Episode, isLoss: boolean, nowMs: number): void {
    const endMs = isLoss ? nowMs : restMs > 0 ? endedMs : beganMs;
    const end = restMs > 0 ? this.#accepted : this.#acceptedAtCut;
    const spanMs = endMs - this.#full.lastMs;
    const got = this.#full.gotSince(end);
    if (!isLoss) this.#full.rested(restMs);
    const isLong = this.#full.isLong(spanMs, got);
    // A window may be as long as the rest: less than two of them tell nothing of it.
    const isPart = !isLoss && spanMs < 2 * restMs;
    // No provider bans by less than a second.
    const openMs = isLoss ? spanMs - restMs : spanMs;
    const measured = isPart
      ? this.#full.rateSinceBefore(endMs, end)
      : got / (isLoss ? Math.max(openMs, MEASURED_MS) : openMs);
    if (this.#isMeasured && this.isDear) this.#learnDear(openMs);
    else if (this.#isMeasured && isLong) this.#learn(measured, spanMs, nowMs);
    else if (this.#isMeasured) this.#rate *= 1 - STEP;
    else if (this.isDear) this.#rate = dearGuess(this.#peak, beganMs - this.#full.lastMs);
    else if (isLoss || restMs < MEASURED_MS || isRoundedUp(isTold, restMs)) this.#rate = this.#peak;
    else this.#rate = measured;
    if (this.#isMeasured) this.#waste.lost(this.#costMs * this.#rate);
    else this.#began(nowMs, restMs);
    if (isLong || !this.#isMeasured) this.#full.mark(endMs, end);
    this.#isMeasured = true;
  }

  #learn(measured: number, spanMs: number, nowMs: number): void {
    const rate = this.#rate;
    const floor = this.#floor;
    const wasClean = this.#isClean;
    const hasClimbed = this.#climbedTo > 0;
    this.#floor = 0;
    this.#isStarting &&= !hasClimbed;
    this.#isClean = hasClimbed;
    if (hasClimbed && measured > rate * NEWS) {
      this.#floor = measured;
      this.#rate = Math.max(measured, Math.min(this.#peak, LEAP * measured));
      this.#waste.forget();
      this.#schedule.raised();
      this.#acceptedAtRaise = this.#accepted;
    } else if (hasClimbed) {
      const raised = wasClean ? Math.min((rate + this.#climbedTo) / 2, rate * (1 + marginOf('plain'))) : rate;
      this.#rate = Math.max(measured, raised);
    } else if (measured < 0.9 * rate) {
      this.#rate = floor > 0 ? floor : this.#lower(measured, spanMs);
      this.#waste.forgive();
      if (floor > 0) {
        const sentMs = (this.#accepted - this.#acceptedAtRaise) / floor;
        this.#full.leaveOut(this.#schedule.takeBackRaise(sentMs, this, nowMs));
      }
    } else this.#rate = rate * (1 - STEP);
  }

  #lower(measured: number, spanMs: number): number {
    const rate = this.#rate;
    // A window that was cut in two is off by so much.
    if (measured > 0.75 * rate) return 0.75 * measured + 0.25 * rate;
    return Math.max(measured, spanMs < MEASURED_MS ? 0.8 * rate : rate / 4);
  }

  /** Found from below, slowly: the limit is hardly less than what was refused then. */
  #learnDear(openMs: number): void {
    const isQuick = openMs < QUICK_MS;
    if (isQuick && (this.#isStarting || this.#wasQuick)) this.#rate *= DEAR_QUICK;
    else if (this.#climbedTo > 0) this.#rate = Math.max(this.#rate, Math.min(this.#climbedTo, this.#peak));
    else this.#rate *= 1 - marginOf('dear');
    this.#isStarting = isQuick && (this.#isStarting || this.#wasQuick);
    this.#wasQuick = isQuick;
  }

  /** What refusals cost is made up for, or long ago; headers that tell the limit need no search. */
  #mayClimb(nowMs: number): boolean {
    if (this.isTold) return false;
    return (this.isDear && this.#isStarting) || this.#waste.isPast(nowMs - this.#cutMs, this.#costMs);
  }

  /** How requests are sent at present. */
  get way(): Way {
    if (this.isDear) return 'dear';
    return this.#isStarting ? 'start' : 'plain';
  }

  #began(nowMs: number, restMs: number): void {
    // A long window, or a ban: it was not few calls that were accepted.
    if (restMs >= MEASURED_MS) this.#isStarting = this.isDear;
    this.#waste.forget();
    this.#waste.begin(nowMs);
  }

  #restart(rate: number, nowMs: number): void {
    this.#rate = rate;
    this.#schedule.restart(nowMs);
  }
}
