/** The rate that an upstream accepts, as far as it is learnt, and the schedule of requests at that rate. */

import { BAN_MS, type Episode, LONGEST_REST_MS, MEASURED_CALLS, MEASURED_MS, ROUNDED_MS } from './episode.ts';
import { RecentCalls } from './recent-calls.ts';

/** How far below the learnt rate requests are sent while more is not looked for; and where refusals ban. */
const MARGIN = 0.01;
const DEAR_MARGIN = 0.03;
/** What a refusal takes off the rate when more was not looked for. */
const STEP = 0.005;
/** Refusals per accepted call that looking for more may cost. */
const WASTE = 0.008;
/** The excess while climbing doubles once in this time, or in that of two calls. */
const DOUBLING_MS = 400;
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
  /** What the last rest cost. */
  #costMs = 0;
  #accepted = 0;
  /** When the limiter was full the last time and the time before, and what was accepted until then. */
  #fullMs = -Infinity;
  #acceptedAtFull = 0;
  #fullBeforeMs = -Infinity;
  #acceptedBefore = 0;
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
    if (this.#fullMs === -Infinity) {
      this.#fullMs = nowMs;
      this.#fullBeforeMs = nowMs;
    }
    if (this.#rate === Infinity) return;
    const unusedMs = nowMs - CREDIT_MS - this.#dueMs;
    if (unusedMs > 0) {
      // What was not asked for says nothing of the limit.
      this.#shift(unusedMs);
      this.#dueMs += unusedMs;
    }
    this.#dueMs += calls / (this.#rate * (1 - this.#margin()));
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

  /** Of a batch that was not done the others need not wait for more than one call. */
  refused(calls: number): void {
    this.#debt += calls;
    this.#nextAtMs -= (calls - 1) / (this.#rate * this.#factor());
    this.#dueMs -= (calls - 1) / (this.#rate * (1 - this.#margin()));
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
      if (this.#peak > 0) this.#restart(this.#peak, nowMs);
      return;
    }
    // Leaves some room, so that the next call is not refused by a hair.
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + 1 / this.#rate;
    if (this.#climbedTo > 0) return;
    // What was sent too early while climbing is made up for once that turns out to be why calls are refused.
    const aheadMs = Math.min(LONGEST_PAUSE_MS, Math.max(0, this.#dueMs - nowMs));
    this.#shift(aheadMs);
    this.#dueMs = nowMs;
    this.#nextAtMs += aheadMs;
  }

  /** Accepted again: what was accepted between two moments at which the limiter was full measures its rate. */
  opened(episode: Episode, nowMs: number): void {
    const isLoss = this.#isLoss(episode);
    this.#costMs = isLoss ? Math.min(LONGEST_REST_MS, episode.restMs) : 0;
    if (this.#rate !== Infinity) this.#measure(episode, isLoss, nowMs);
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs);
    this.#dueMs = Math.max(this.#dueMs, this.#nextAtMs);
  }

  /** What headers tell holds until refusals tell otherwise. */
  told(rate: number, nowMs: number): void {
    if (rate === this.#toldRate) return;
    this.#toldRate = rate;
    this.#isMeasured = true;
    this.#climbMs = 0;
    this.#restart(rate, nowMs);
    this.#mark(nowMs, this.#accepted);
  }

  /** The refusals had another reason. */
  forget(): void {
    this.#rate = Infinity;
    this.#isMeasured = false;
    this.#debt = Math.min(this.#debt, FORGIVEN);
  }

  #measure({ beganMs, endedMs, restMs, isTold }: Episode, isLoss: boolean, nowMs: number): void {
    const endMs = isLoss ? nowMs : restMs > 0 ? endedMs : beganMs;
    const end = restMs > 0 ? this.#accepted : this.#acceptedAtCut;
    const spanMs = endMs - this.#fullMs;
    const got = end - this.#acceptedAtFull;
    const isLong = spanMs >= MEASURED_MS || got >= MEASURED_CALLS;
    // A window may be as long as the rest: less than two of them tell nothing of it.
    const isPart = !isLoss && spanMs < 2 * restMs;
    const before = (end - this.#acceptedBefore) / (endMs - this.#fullBeforeMs);
    const measured = isPart ? before : got / (isLoss ? spanMs - restMs : spanMs);
    if (this.#isMeasured && isLong) this.#learn(measured);
    else if (this.#isMeasured) this.#rate *= 1 - STEP;
    else
      this.#rate = isLoss || restMs < MEASURED_MS || (isTold && restMs < ROUNDED_MS) ? this.#peak : measured;
    this.#debt = this.#isMeasured ? this.#debt + this.#costMs * this.#rate : 0;
    if (isLong || !this.#isMeasured) this.#mark(endMs, end);
    this.#isMeasured = true;
  }

  #learn(measured: number): void {
    const rate = this.#rate;
    const floor = this.#floor;
    const wasClean = this.#isClean;
    const hasClimbed = this.#climbedTo > 0;
    this.#floor = 0;
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
    } else this.#rate = rate * (1 - (this.isDear ? DEAR_MARGIN : STEP));
  }

  /**
   * Whether the rest cost what would have been accepted meanwhile. A window that is full accepts nothing for a part of
   * it; what was accepted for much longer, or much shorter than the rest shows that the rest was no part of a window.
   */
  #isLoss({ beganMs, restMs, isTold }: Episode): boolean {
    const openMs = beganMs - this.#fullMs;
    const isApart = this.isDear || openMs > 3 * restMs || openMs < restMs / 4;
    return (restMs >= BAN_MS && isApart) || (isTold && (isApart || restMs < ROUNDED_MS));
  }

  /** What refusals cost is made up for, or long ago; headers that tell the limit need no search. */
  #mayClimb(nowMs: number): boolean {
    if (this.isTold) return false;
    return this.#debt <= 0 || nowMs - this.#cutMs > LONGEST_HOLD_MS + this.#costMs / WASTE;
  }

  #margin(): number {
    return this.isDear ? DEAR_MARGIN : MARGIN;
  }

  /** What requests are sent at, as a multiple of the learnt rate. */
  #factor(): number {
    const margin = this.#margin();
    if (this.#climbMs === 0) return 1 - margin;
    const doublings = this.#climbMs / Math.max(DOUBLING_MS, 2 / this.#rate);
    return 1 + margin * (2 ** Math.min(30, doublings) - 2);
  }

  #restart(rate: number, nowMs: number): void {
    this.#rate = rate;
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs);
    this.#dueMs = this.#nextAtMs;
  }

  #shift(ms: number): void {
    this.#fullMs += ms;
    this.#fullBeforeMs += ms;
  }

  #mark(atMs: number, accepted: number): void {
    this.#fullBeforeMs = this.#fullMs;
    this.#acceptedBefore = this.#acceptedAtFull;
    this.#fullMs = atMs;
    this.#acceptedAtFull = accepted;
  }
}
