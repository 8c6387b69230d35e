/** When the next request is due: evenly, at the learnt rate, or at more while more is looked for. */

import { factorOf, marginOf, type Way } from './climb.ts';

/** What was not used stays usable this long: timers are late, and pauses between requests are short. */
export const CREDIT_MS = 15;
/** Longest pause for what was sent too early. */
const LONGEST_PAUSE_MS = 1000;
/** A large batch keeps those after it away for no longer than this, or than one call does. */
const MOST_AHEAD_MS = 1000;

/** Calls a millisecond of all processes together, and how they are sent. */
export interface Pace {
  readonly rate: number;
  readonly way: Way;
  /** How much of it is for this process: 0 to 1. */
  readonly share: number;
}

/** Times are monotonic milliseconds. */
export class Schedule {
  #nextAtMs = -Infinity;
  /** When the next one was due if all had been sent at the learnt rate: climbing is ahead of it. */
  #dueMs = -Infinity;
  /** How long more has been looked for, in time in which requests were held back. */
  #climbMs = 0;
  /** What was due when the rate was raised. */
  #dueAtRaiseMs = 0;

  get nextAtMs(): number {
    return this.#nextAtMs;
  }

  get isClimbing(): boolean {
    return this.#climbMs > 0;
  }

  /** What requests of all processes are sent at, in calls a millisecond. */
  speed({ rate, way }: Pace): number {
    return rate * factorOf(way, this.#climbMs, rate);
  }

  /** Returns the time, in milliseconds, for which less was asked for than the rate. */
  sent(calls: number, pace: Pace, mayClimb: boolean, nowMs: number): number {
    const unusedMs = Math.max(0, nowMs - CREDIT_MS - this.#dueMs);
    this.#dueMs += unusedMs + calls / (pace.rate * pace.share * (1 - marginOf(pace.way)));
    const spacingMs = calls / (this.speed(pace) * pace.share);
    const idleMs = nowMs - CREDIT_MS - this.#nextAtMs;
    if (idleMs > 0) this.#nextAtMs += idleMs;
    else if (mayClimb) this.#climbMs += spacingMs;
    this.#nextAtMs += spacingMs;
    if (calls > 1) {
      const mostMs = nowMs + Math.max(MOST_AHEAD_MS, spacingMs / calls);
      this.#nextAtMs = Math.min(this.#nextAtMs, mostMs);
      this.#dueMs = Math.min(this.#dueMs, mostMs);
    }
    return unusedMs;
  }

  /**
   * The same where it was sent in a turn, that began at `turnMs` and ends at `endMs`. What is due may be ahead of that by
   * some turns, which are not all as far apart.
   */
  sentInTurn(calls: number, pace: Pace, [turnMs, endMs]: readonly [number, number], nowMs: number): number {
    this.#dueMs = Math.max(this.#dueMs, Math.min(turnMs, nowMs));
    this.#nextAtMs = Math.min(turnMs, nowMs);
    const unusedMs = this.sent(calls, pace, false, nowMs);
    const spacingMs = 1 / (this.speed(pace) * pace.share);
    this.#nextAtMs = endMs + (calls - 1) * spacingMs;
    return unusedMs;
  }

  /** So many calls that were sent need not be waited for. */
  takeBack(calls: number, pace: Pace): void {
    this.#nextAtMs -= calls / (this.speed(pace) * pace.share);
    this.#dueMs -= calls / (pace.rate * pace.share);
  }

  /** Looks for no more. Returns the speed that was reached; 0 if more was not looked for. */
  endClimb(pace: Pace): number {
    const reached = this.#climbMs > 0 ? this.speed(pace) : 0;
    this.#climbMs = 0;
    return reached;
  }

  /** Nothing before then. */
  waitUntil(atMs: number): void {
    this.#nextAtMs = Math.max(this.#nextAtMs, atMs);
  }

  /** Its next turn from then on is its own. */
  resumeAt(atMs: number): void {
    this.#nextAtMs = atMs;
  }

  /** The pace is another one by this factor: what is due later than now is due so much sooner or later. */
  stretch(factor: number, nowMs: number): void {
    const stretched = (atMs: number) => (atMs > nowMs ? nowMs + (atMs - nowMs) * factor : atMs);
    this.#nextAtMs = stretched(this.#nextAtMs);
    this.#dueMs = stretched(this.#dueMs);
  }

  /** What was held back meanwhile is not made up for. */
  beginAnew(): void {
    this.#dueMs = Math.max(this.#dueMs, this.#nextAtMs);
  }

  restart(nowMs: number): void {
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs);
    this.#dueMs = this.#nextAtMs;
  }

  /** The rate was raised: what is ahead is nothing too early any more. */
  raised(): void {
    this.#dueAtRaiseMs = this.#dueMs;
    this.#dueMs = this.#nextAtMs;
  }

  /** The raise was wrong: what was sent since then, `sent` in milliseconds of the rate that is right, was too early. */
  takeBackRaise(sentMs: number, pace: Pace, nowMs: number): number {
    this.#dueMs = this.#dueAtRaiseMs + sentMs;
    return this.payBack(pace, nowMs);
  }

  /** Makes up for what was sent too early, by a pause. Returns its length in milliseconds. */
  payBack({ rate, share }: Pace, nowMs: number): number {
    // One call is always ahead.
    const aheadMs = Math.min(LONGEST_PAUSE_MS, Math.max(0, this.#dueMs - nowMs - 1 / (rate * share)));
    this.#nextAtMs = Math.max(this.#nextAtMs, nowMs) + aheadMs;
    this.#dueMs = this.#nextAtMs;
    return aheadMs;
  }
}
