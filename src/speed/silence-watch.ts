/** Finds out that an upstream is silent, by the attempts that it leaves unanswered. */

import type { Upstream } from '../upstreams/upstream.ts';
import type { Alarms, HasAlarm } from './alarms.ts';

/** So many attempts in a row that took longer than usual, and nothing heard since the first of them began. */
const LEAST_ATTEMPTS = 3;
const LEAST_SILENCE_MS = 100;
/** As a multiple of the usual time. */
const LEAST_SILENCE = 2;
/** One attempt alone may be a heavy one, so it is given more time. */
const LONE_SILENCE_MS = 500;
const LONE_SILENCE = 4;
const LOOK_AGAIN_MS = 20;

export interface SilenceListener {
  /** Whether another upstream was heard since that moment: otherwise it may be our own network, or this process. Or all others are silent. */
  isOtherHeardSince(upstream: Upstream, ms: number): boolean;
  onSilent(upstream: Upstream): void;
}

/** Of one upstream. An answer to any call ends a silence: whoever answers others is not silent, but busy with a heavy call. */
export class Silence implements HasAlarm {
  alarmIndex = -1;
  alarmAtMs = 0;
  readonly upstream: Upstream;
  readonly #alarms: Alarms;
  readonly #listener: SilenceListener;
  /** Grows with each time that it is heard after it was suspected. */
  #number = 0;
  #heardMs = Number.NEGATIVE_INFINITY;
  /** When the latest attempt began that it has answered. */
  #answeredMs = Number.NEGATIVE_INFINITY;
  /** Attempts that went overdue since it was heard. */
  #attempts = 0;
  /** Since when it is silent: when the first of them began, or it was last heard. */
  #sinceMs = 0;
  /** Those of them that are under way, and since when there have been some. */
  #underWay = 0;
  #underWaySinceMs = 0;
  #usualMs = 0;

  constructor(upstream: Upstream, alarms: Alarms, listener: SilenceListener) {
    this.upstream = upstream;
    this.#alarms = alarms;
    this.#listener = listener;
  }

  /** It has said something to an attempt that began at `startedMs`. */
  heard(startedMs: number, nowMs: number): void {
    this.#heardMs = nowMs;
    this.#answeredMs = Math.max(this.#answeredMs, startedMs);
    if (this.#attempts === 0) return;
    this.#attempts = 0;
    this.#underWay = 0;
    this.#number += 1;
    this.#alarms.unset(this);
  }

  /**
   * An attempt that began at `startedMs` takes longer than usual. Returns what `ended` wants; -1 when it says nothing,
   * because one that began later was answered.
   */
  overdue(startedMs: number, usualMs: number, nowMs: number): number {
    if (this.#answeredMs >= startedMs) return -1;
    const sinceMs = Math.max(startedMs, this.#heardMs);
    if (this.#attempts === 0) {
      this.#sinceMs = sinceMs;
      this.#usualMs = 0;
    }
    this.#usualMs = Math.max(this.#usualMs, usualMs);
    if (this.#underWay === 0) this.#underWaySinceMs = sinceMs;
    this.#attempts += 1;
    this.#underWay += 1;
    this.#look(nowMs);
    return this.#number;
  }

  /** An attempt that was overdue says nothing after all: the call takes as long elsewhere. */
  withdraw(number: number): void {
    if (number !== this.#number || this.#attempts === 0) return;
    this.#attempts -= 1;
    this.#underWay -= 1;
  }

  /** An attempt that was overdue is over, without an answer. */
  ended(number: number): void {
    if (number === this.#number) this.#underWay -= 1;
  }

  onAlarm(nowMs: number): void {
    this.#look(nowMs);
  }

  #look(nowMs: number): void {
    if (this.#isSilent(nowMs)) this.#listener.onSilent(this.upstream);
    else if (this.#underWay > 0 && this.alarmIndex < 0) this.#alarms.set(this, nowMs + LOOK_AGAIN_MS);
  }

  #isSilent(nowMs: number): boolean {
    const someMs = Math.max(LEAST_SILENCE_MS, LEAST_SILENCE * this.#usualMs);
    const loneMs = Math.max(LONE_SILENCE_MS, LONE_SILENCE * this.#usualMs);
    const some = this.#attempts >= LEAST_ATTEMPTS && nowMs - this.#sinceMs >= someMs;
    const lone = this.#underWay > 0 && nowMs - this.#underWaySinceMs >= loneMs;
    // Lately, not only when it fell silent: else it may be all of them.
    return (some || lone) && this.#listener.isOtherHeardSince(this.upstream, (this.#sinceMs + nowMs) / 2);
  }
}
