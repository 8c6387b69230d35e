/** What a measurement makes of the learnt rate. */

import { marginOf } from './climb.ts';
import { MEASURED_MS } from './full-moments.ts';

/** What a refusal takes off the rate when more was not looked for. */
export const STEP = 0.005;
/** What a refusal that bans leaves of the rate when it came so soon after the one before. */
const DEAR_QUICK = 0.85;
const QUICK_MS = 5_000;
/** A climb during which more was accepted than the rate, by this factor on average, found another limit. */
export const NEWS = 1.05;
/** Where less than this factor was accepted of what should have been, it is another limit as well. */
export const FALL = 0.9;
/** It is taken for what was accepted at last, but for no more than this multiple of what was accepted all the time. */
const LEAP = 1.3;

/** Rates are calls a millisecond. */
export interface Finding {
  readonly rate: number;
  /** What was accepted between two moments at which the limiter was full, and how long that took. */
  readonly measured: number;
  readonly spanMs: number;
  /** The rate that was reached before the refusal; 0 if more was not looked for. */
  readonly climbedTo: number;
  /** In the second before the refusal. */
  readonly peak: number;
  /** How many calls were accepted here until then. */
  readonly accepted: number;
}

export interface Step {
  readonly rate: number;
  /** `raised`, `fallen`: another limit. `back`: what it was raised to was wrong, and what was sent since then too early. */
  readonly kind: 'held' | 'raised' | 'fallen' | 'back';
  /** How many calls were accepted here since it was raised. */
  readonly sinceRaise: number;
}

export class RateSteps {
  /** The rate was measured in passing, and more is looked for at once, in long steps. */
  isStarting = false;
  /** The last refusal that banned came soon after the one before. */
  wasQuick = false;
  /** What is sure when a raise turns out to be wrong; 0 if the last change was none. */
  #floor = 0;
  /** What was accepted when the rate was raised. */
  #acceptedAtRaise = 0;
  /** Nothing was refused since more was looked for. */
  #isClean = true;

  next({ rate, measured, spanMs, climbedTo, peak, accepted }: Finding): Step {
    const floor = this.#floor;
    const wasClean = this.#isClean;
    const hasClimbed = climbedTo > 0;
    const sinceRaise = accepted - this.#acceptedAtRaise;
    this.#floor = 0;
    this.isStarting &&= !hasClimbed;
    this.#isClean = hasClimbed;
    if (hasClimbed && measured > rate * NEWS) {
      this.#floor = measured;
      this.#acceptedAtRaise = accepted;
      return { rate: Math.max(measured, Math.min(peak, LEAP * measured)), kind: 'raised', sinceRaise: 0 };
    }
    if (hasClimbed) {
      const raised = wasClean ? Math.min((rate + climbedTo) / 2, rate * (1 + marginOf('plain'))) : rate;
      return { rate: Math.max(measured, raised), kind: 'held', sinceRaise };
    }
    if (measured >= FALL * rate) return { rate: rate * (1 - STEP), kind: 'held', sinceRaise };
    if (floor > 0) return { rate: floor, kind: 'back', sinceRaise };
    return { rate: lower(measured, spanMs, rate), kind: 'fallen', sinceRaise };
  }

  /** Where refusals ban it is found from below, slowly: the limit is hardly less than what was refused then. */
  nextDear({ rate, climbedTo, peak }: Finding, openMs: number): number {
    const isQuick = openMs < QUICK_MS;
    const isTooMuch = isQuick && (this.isStarting || this.wasQuick);
    this.isStarting = isTooMuch;
    this.wasQuick = isQuick;
    if (isTooMuch) return rate * DEAR_QUICK;
    if (climbedTo > 0) return Math.max(rate, Math.min(climbedTo, peak));
    return rate * (1 - marginOf('dear'));
  }

  /** Another process has found what is so. */
  adopt(isStarting: boolean, wasQuick: boolean): void {
    this.isStarting = isStarting;
    this.wasQuick = wasQuick;
    this.#floor = 0;
    this.#isClean = true;
  }
}

function lower(measured: number, spanMs: number, rate: number): number {
  // A window that was cut in two is off by so much.
  if (measured > 0.75 * rate) return 0.75 * measured + 0.25 * rate;
  return Math.max(measured, spanMs < MEASURED_MS ? 0.8 * rate : rate / 4);
}
