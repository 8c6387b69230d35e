/** Wakes many things that seldom have to be woken, with one timer. */

import type { Clock } from '../clock.ts';

/** Something that is to be woken at a certain moment, unless it is over before. */
export interface HasAlarm {
  /** Its slot, -1 when it has none. Written by `Alarms`. */
  alarmIndex: number;
  /** Monotonic milliseconds. Written by `Alarms`. */
  alarmAtMs: number;
  /** It has no alarm any more, and may set another one. */
  onAlarm(nowMs: number): void;
}

/** How late an alarm may be; a timer of Node adds about a millisecond. */
const TICK_MS = 4;
/** With a tick as late as this, the event loop stood still: answers may have come that nobody has read yet. */
const STALLED_MS = 20;
/** With one as late as this, times that were measured across it are wrong. */
const PAUSED_MS = 500;
/** They are read before the next tick. */
const AFTER_READING_MS = 1;

/**
 * Nearly all alarms are taken back before their time, so that a timer for each would cost far more than a look at all of
 * them now and then. Like `Deadlines`, an array that never shrinks: see there.
 */
export class Alarms {
  readonly #clock: Clock;
  readonly #slots: (HasAlarm | undefined)[] = [];
  #count = 0;
  #isScheduled = false;
  #dueMs = 0;
  /** When the last pause was over. */
  #pausedMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Sets the alarm of one that has none. */
  set(item: HasAlarm, atMs: number): void {
    item.alarmIndex = this.#count;
    item.alarmAtMs = atMs;
    this.#slots[this.#count] = item;
    this.#count += 1;
    if (!this.#isScheduled) this.#schedule(TICK_MS);
  }

  /** Takes the alarm back, if there is one. */
  unset(item: HasAlarm): void {
    const index = item.alarmIndex;
    if (index < 0) return;
    item.alarmIndex = -1;
    this.#count -= 1;
    const last = this.#slots[this.#count];
    this.#slots[this.#count] = undefined;
    if (last === undefined || index === this.#count) return;
    this.#slots[index] = last;
    last.alarmIndex = index;
  }

  /** Whether this process stood still at some time since then, while it had an alarm. */
  hasPausedSince(ms: number, nowMs: number): boolean {
    return this.#pausedMs >= ms || this.#isPaused(nowMs);
  }

  #isPaused(nowMs: number): boolean {
    return this.#isScheduled && nowMs - this.#dueMs >= PAUSED_MS;
  }

  #schedule(delayMs: number): void {
    this.#isScheduled = true;
    this.#dueMs = this.#clock.monotonicMs() + delayMs;
    this.#clock.after(delayMs, () => {
      const nowMs = this.#clock.monotonicMs();
      const isStalled = delayMs === TICK_MS && nowMs - this.#dueMs >= STALLED_MS;
      if (this.#isPaused(nowMs)) this.#pausedMs = nowMs;
      if (!isStalled) this.#wakeAll(nowMs);
      this.#isScheduled = false;
      if (this.#count > 0) this.#schedule(isStalled ? AFTER_READING_MS : TICK_MS);
    });
  }

  /** Backwards: one that leaves is replaced by the last one, which has been looked at then. */
  #wakeAll(nowMs: number): void {
    for (let index = this.#count - 1; index >= 0; index -= 1) {
      const item = this.#slots[index];
      if (item === undefined || item.alarmAtMs > nowMs) continue;
      this.unset(item);
      item.onAlarm(nowMs);
    }
  }
}
