/** The rate that an upstream accepts, as far as it is learnt, and the schedule of requests at that rate. */

import { climbFactor, firstGuess } from './climb.ts';
import { BAN_MS, type Episode, isLossOf, isRoundedUp, LONGEST_REST_MS } from './episode.ts';
import { FullMoments, MEASURED_CALLS, MEASURED_MS } from './full-moments.ts';
import { RecentCalls } from './recent-calls.ts';
import { Strays } from './strays.ts';

/** How far below the learnt rate requests are sent while more is not looked for; and where refusals ban. */
const MARGIN = 0.01;
const DEAR_MARGIN = 0.03;
/** What a refusal takes off the rate when more was not looked for. */
const STEP = 0.005;
/** What a refusal that bans takes off the rate when nothing was known, or it came so soon after the one before. */
const QUICK_STEP = 0.1;
const QUICK_MS = 10_000;
/** Refusals per accepted call that looking for more may cost. */
const WASTE = 0.008;
/** What was not used stays usable this long: timers are late, and pauses between requests are short. */
export const CREDIT_MS = 15;
/** A climb during which more was accepted than the rate, by this factor on average, found another limit. */
const NEWS = 1.05;
/** Refusals that told something new are held against looking for more no more than this. */
const FORGIVEN = 2;
/** Without refusals more is looked for after this time anyway, and after what a rest has cost. */
const LONGEST_HOLD_MS = 60_000;
/** Longest pause for what was sent too early. */
const LONGEST_PAUSE_MS = 1000;

/** Rates are calls a millisecond, times monotonic milliseconds. The reasons: docs/decisions/0014-learnt-budgets.md */
export class LearntRate {
  #rate = Infinity;
  #toldRate = 0;
  #isMeasured = false;
  #nextAtMs = -Infinity;
  /** When the next one was due if all had been sent at the learnt rate: climbing is ahead of it. */
  #dueMs = -Infinity;
  /** How long more has been looked for, in time in which requests were held back. */
  #climbMs = 0;
  /** The rate that was reached before the refusal; 0 if more was not looked for. */
  #climbedTo = 0;
  /** Refusals that are not yet made up for by accepted calls. */
  #debt = 0;
  /** What was sent before nothing was known yet: its refusals are held against nobody. */
  #startedMs = Infinity;
  /** The rate was measured in passing, and more is looked for at once, in long steps. */
  #isStarting = false;
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
    return this.#rate === Infinity ? -Infinity : this.#nextAtMs;
  }

  acceptedLately(nowMs: number): number {
    return this.#recent.lastSecond(nowMs);
  }

  sent(calls: number, nowMs: number): void {
    this.#full.begin(nowMs);
    if (this.#rate === Infinity) return;
    const unusedMs = nowMs - CREDIT_MS - this.#dueMs;
    if (unusedMs > 0) {
      this.#full.leaveOut(unusedMs);
      this.#dueMs += unusedMs;
    }
    this.#dueMs += calls / (this.#rate * (1 - (this.isDear ? DEAR_MARGIN : MARGIN)));
    const spacingMs = calls / (this.#rate * this.#factor());
    const idleMs = nowMs - CREDIT_MS - this.#nextAtMs;
    if (idleMs > 0) this.#nextAtMs += idleMs;
    else if (this.#mayClimb(nowMs)) this.#climbMs += spacingMs;
    this.#nextAtMs += spacingMs;
  }

  accepted(calls: number, nowMs: number): void {
    this.#accepted += calls;
    this.#recent.add(calls, nowMs);
    this.#debt = Math.max(0, this.#debt - WASTE * calls);
  }

  /** `sentMs` is when it was sent. Of a batch that was not done the others need not wait for more than one call. */
  refused(calls: number, sentMs: number): void {
    if (sentMs >= this.#startedMs) this.#debt += calls;
    const unusedMs = (calls - 1) / this.#rate;
    this.#nextAtMs -= unusedMs / this.#factor();
    this.#dueMs -= unusedMs;
  }

  get mayProbe(): boolean {
    return this.#debt <= 0;
  }

  /** The first refusal of an episode: the limiter is full. */
  full(nowMs: number): void {
    this.#cutMs = nowMs;
    this.#acceptedAtCut = this.#accepted;
    this.#peak = this.#recent.lastSecond(nowMs) / 1000;
    this.#climbedTo = this.#climbMs > 0 ? this.#rate * this.#factor() : 0;
    this.#climbMs = 0;
    if (this.#rate === Infinity) {
      if (this.#peak > 0 && !this.#strays.isStray(this.#peak, nowMs))
        this.#restart(this.#firstGuess(nowMs), nowMs);
      return;
    }
    // Leaves some room, so that the next call is not refused by a hair.
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + 1 / this.#rate;
    if (this.#climbedTo > 0) return;
    // What was sent too early while climbing is made up for once that turns out to be why calls are refused.
    const aheadMs = Math.min(LONGEST_PAUSE_MS, Math.max(0, this.#dueMs - nowMs));
    this.#full.leaveOut(aheadMs);
    this.#dueMs = nowMs;
    this.#nextAtMs += aheadMs;
  }

  /** Accepted again: what was accepted between two moments at which the limiter was full measures its rate. */
  opened(episode: Episode, nowMs: number): void {
    const isLoss = isLossOf(episode, this.#full.lastMs, this.isDear);
    this.#costMs = isLoss ? Math.min(LONGEST_REST_MS, episode.restMs) : 0;
    if (this.#rate !== Infinity) this.#measure(episode, isLoss, nowMs);
    if (this.#toldRate > 0) this.#rate = Math.min(this.#rate, this.#toldRate);
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs);
    this.#dueMs = Math.max(this.#dueMs, this.#nextAtMs);
  }

  /** What headers tell holds, unless refusals tell that it is less. */
  told(rate: number, nowMs: number): void {
    if (rate === this.#toldRate) return;
    this.#toldRate = rate;
    this.#isMeasured = true;
    this.#isStarting = false;
    this.#climbMs = 0;
    this.#restart(rate, nowMs);
    this.#full.mark(nowMs, this.#accepted);
  }

  /** The refusals had another reason. */
  forget(nowMs: number): void {
    this.#startedMs = Math.min(this.#startedMs, nowMs);
    this.#rate = Infinity;
    this.#isMeasured = false;
    this.#debt = Math.min(this.#debt, FORGIVEN);
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
    const isLong = spanMs >= MEASURED_MS || got >= MEASURED_CALLS;
    // A window may be as long as the rest: less than two of them tell nothing of it.
    const isPart = !isLoss && spanMs < 2 * restMs;
    // No provider bans by less than a second.
    const openMs = isLoss ? spanMs - restMs : spanMs;
    const measured = isPart
      ? this.#full.rateSinceBefore(endMs, end)
      : got / (isLoss ? Math.max(openMs, MEASURED_MS) : openMs);
    if (this.#isMeasured && isLong) this.#learn(measured, openMs);
    else if (this.#isMeasured) this.#rate *= 1 - STEP;
    else {
      const isShort = isLoss || restMs < MEASURED_MS || isRoundedUp(isTold, restMs);
      this.#rate = (isShort ? this.#peak : measured) * (this.isDear ? 1 - QUICK_STEP : 1);
    }
    if (this.#isMeasured) this.#debt += this.#costMs * this.#rate;
    else this.#began(nowMs, restMs);
    if (isLong || !this.#isMeasured) this.#full.mark(endMs, end);
    this.#isMeasured = true;
  }

  #learn(measured: number, openMs: number): void {
    const rate = this.#rate;
    const floor = this.#floor;
    const wasClean = this.#isClean;
    const hasClimbed = this.#climbedTo > 0;
    this.#floor = 0;
    this.#isStarting &&= !hasClimbed;
    this.#isClean = hasClimbed;
    if (hasClimbed && measured > rate * NEWS) {
      this.#floor = measured;
      this.#rate = Math.max(measured, this.#peak);
      this.#debt = 0;
      this.#dueMs = this.#nextAtMs;
    } else if (hasClimbed) {
      const raised = wasClean ? Math.min((rate + this.#climbedTo) / 2, rate * (1 + MARGIN)) : rate;
      this.#rate = Math.max(measured, raised);
    } else if (measured < 0.9 * rate) {
      this.#rate = floor > 0 ? floor : Math.max(measured, rate / 4);
      this.#debt = Math.min(this.#debt, FORGIVEN);
    } else this.#rate = rate * (1 - (!this.isDear ? STEP : openMs < QUICK_MS ? QUICK_STEP : DEAR_MARGIN));
  }

  /** What refusals cost is made up for, or long ago; headers that tell the limit need no search. */
  #mayClimb(nowMs: number): boolean {
    if (this.isTold) return false;
    return this.#debt <= 0 || nowMs - this.#cutMs > LONGEST_HOLD_MS + this.#costMs / WASTE;
  }

  /** What requests are sent at, as a multiple of the learnt rate. */
  #factor(): number {
    const margin = this.isDear ? DEAR_MARGIN : MARGIN;
    return climbFactor(this.#climbMs, this.#rate, this.#isStarting ? 'start' : margin) ?? 1 - margin;
  }

  #began(nowMs: number, restMs: number): void {
    // A long window, or a ban: it was not few calls that were accepted.
    if (restMs >= MEASURED_MS) this.#isStarting = false;
    this.#debt = 0;
    this.#startedMs = Math.min(this.#startedMs, nowMs);
  }

  #restart(rate: number, nowMs: number): void {
    this.#rate = rate;
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs);
    this.#dueMs = this.#nextAtMs;
  }
}
