/** From the first refusal until something is accepted again: when single calls are tried. */

import { BAN_MS, type Episode } from './episode.ts';
import type { Scout } from './scout.ts';

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
/** Another process that tries is waited for so much longer than it says: its news has to come here. */
const NEWS_SHARE = 0.1;
const NEWS_MS = 150;

/** Moments that are nearly the same are scattered by their multiples of this, between whole numbers. */
const SCATTER = 0.618_034;

/** All times are monotonic milliseconds. */
export class Rests {
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
  #untilMs = -Infinity;
  #isTold = false;

  constructor(scout: Scout) {
    this.#scout = scout;
  }

  /** When the last episode began. */
  get cutMs(): number {
    return this.#cutMs;
  }

  get isInEpisode(): boolean {
    return this.#isInEpisode;
  }

  get isResting(): boolean {
    return this.#isResting;
  }

  /** Nothing before then. */
  get untilMs(): number {
    // Another one was accepted: this one may be well again, too.
    if (this.#isLeftAlone && this.#scout.foundMs > this.#trialMs) {
      this.#isLeftAlone = false;
      this.#untilMs = -Infinity;
    }
    return this.#untilMs;
  }

  /** When the next trial is due of those that may be sent at `atMs`. */
  trialAtMs(atMs: number): number {
    return this.#isTrialOut ? Math.max(atMs, this.#trialMs + TRIAL_PATIENCE_MS) : atMs;
  }

  /** A trial is sent. */
  tried(nowMs: number): void {
    this.#isTrialOut = true;
    this.#trialMs = nowMs;
  }

  /** It ended without news of the limit. */
  lost(sentMs: number): void {
    if (this.#isResting && sentMs >= this.#trialMs) this.#isTrialOut = false;
  }

  /** Whether what was sent at that moment, and accepted, ends the episode. */
  isEndedBy(sentMs: number): boolean {
    return this.#isInEpisode && sentMs >= (this.#isResting ? this.#trialMs : this.#cutMs);
  }

  /** Whether what was sent at that moment was sent before all of it was known. */
  isOld(sentMs: number): boolean {
    return sentMs < this.#cutMs;
  }

  /** Whether a refusal of what was sent at that moment is that of the trial. */
  isTrial(sentMs: number): boolean {
    return sentMs >= this.#trialMs;
  }

  /** What a refusal, or a header, has told. */
  waitUntil(atMs: number): void {
    this.#untilMs = Math.max(this.#untilMs, atMs);
  }

  /** A refusal has told a time. */
  toldTime(): void {
    this.#isTold = true;
  }

  begin(load: number, nowMs: number): void {
    this.#isInEpisode = true;
    this.#cutMs = nowMs;
    this.#cutLoad = load;
  }

  /** What is over, when something that was sent at `triedMs` came back. */
  episode(triedMs: number, nowMs: number): Episode {
    return {
      beganMs: this.#cutMs,
      // It was full until some time between the last trial that was refused and the one that was not.
      endedMs: this.#isTold ? nowMs : (this.#trialMs + this.#refusedTrialMs) / 2,
      triedMs,
      restMs: this.#isResting ? nowMs - this.#cutMs : 0,
      isTold: this.#isTold,
    };
  }

  /** Something was accepted. */
  accepted(nowMs: number): void {
    this.#scout.accepted(this, this.#isLeftAlone, nowMs);
    this.end();
  }

  /** Waits for the next trial, or for what the refusal said. */
  rest(isDear: boolean, nowMs: number): void {
    this.#refusedTrialMs = this.#isResting ? this.#trialMs : nowMs;
    const elapsedMs = nowMs - this.#cutMs;
    const gapMs = this.#gapMs(elapsedMs, isDear, nowMs);
    const isRefusedAgain = this.#isResting;
    this.#isResting = true;
    this.#isTrialOut = false;
    this.#trialMs = nowMs;
    // What it said is enough, once.
    if (this.#untilMs <= nowMs) this.#untilMs = nowMs + gapMs;
    if (isRefusedAgain && this.#isTold) this.#spread(nowMs);
  }

  /**
   * Whoever else tries at the same time prolongs a ban for all: each waits for longer, as if by chance, so that one is
   * first and finds that it is over.
   */
  #spread(nowMs: number): void {
    const restMs = this.#untilMs - nowMs;
    if (restMs >= BAN_MS) this.#untilMs += restMs * ((nowMs * SCATTER) % 1);
  }

  /** Another process is to try after so many milliseconds: if nothing is heard of it, this one does. */
  leaveTo(restMs: number, nowMs: number): void {
    if (!this.#isResting) this.#refusedTrialMs = nowMs;
    this.#isResting = true;
    this.#isTrialOut = false;
    this.#trialMs = nowMs;
    this.#untilMs = nowMs + restMs * (1 + NEWS_SHARE) + NEWS_MS;
  }

  /** Another process was accepted: what was sent before teaches nothing. */
  endedElsewhere(nowMs: number): void {
    if (this.#isResting) this.#untilMs = -Infinity;
    this.#cutMs = nowMs;
    this.end();
  }

  /** An operator says that it may be asked again. */
  forget(): void {
    this.#untilMs = -Infinity;
    this.end();
  }

  end(): void {
    this.#isLeftAlone = false;
    this.#isInEpisode = false;
    this.#isResting = false;
    this.#isTrialOut = false;
    this.#isTold = false;
  }

  #gapMs(elapsedMs: number, isBan: boolean, nowMs: number): number {
    if (!isBan && elapsedMs < ALONE_AFTER_MS)
      return Math.max(FIRST_TRIAL_MS, Math.min(LONG_GAP_MS, elapsedMs / 2));
    if (!isBan && this.#scout.isTurnOf(this, this.#cutLoad, nowMs))
      return Math.max(LONG_GAP_MS, elapsedMs / 8);
    this.#isLeftAlone = !isBan;
    return Math.max(BAN_GAP_MS, Math.min(LONGEST_GAP_MS, elapsedMs / 2));
  }
}
