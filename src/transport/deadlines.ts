/** Keeps the time limits of all attempts with one timer. */

import type { Clock } from '../clock.ts';

/** Something that has a time limit. */
export interface HasDeadline {
  /** Its slot, written by `Deadlines`. */
  deadlineIndex: number;
  /** Called at each tick, to end itself when its time is over. */
  onTick(nowMs: number): void;
}

/** How late a tick may be, as a part of the shortest limit. */
const PRECISION = 0.1;
const LONGEST_TICK_MS = 100;
const SHORTEST_TICK_MS = 5;

/**
 * A separate timer for each attempt, nearly always cancelled, would cost as much as the rest of the attempt's
 * bookkeeping.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #tickMs: number;
  /**
   * The first `#count` slots are used; the array never shrinks. A Set, or an array that shrinks and grows with
   * the load, leaves its outgrown tables in the old generation, where they keep dead requests alive until the
   * next full collection, and the scavenger copies each of these requests twice.
   */
  readonly #slots: (HasDeadline | undefined)[] = [];
  #count = 0;
  #isScheduled = false;

  /** `shortestMs` is the shortest limit that will be used; all limits are kept to within a tenth of it, at most 100 ms. */
  constructor(clock: Clock, shortestMs: number) {
    this.#clock = clock;
    this.#tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, shortestMs * PRECISION));
  }

  add(item: HasDeadline): void {
    item.deadlineIndex = this.#count;
    this.#slots[this.#count] = item;
    this.#count += 1;
    if (!this.#isScheduled) this.#scheduleTick();
  }

  remove(item: HasDeadline): void {
    this.#count -= 1;
    const last = this.#slots[this.#count];
    if (last) {
      this.#slots[item.deadlineIndex] = last;
      last.deadlineIndex = item.deadlineIndex;
    }
    this.#slots[this.#count] = undefined;
  }

  #scheduleTick(): void {
    this.#isScheduled = true;
    this.#clock.after(this.#tickMs, () => {
      const nowMs = this.#clock.monotonicMs();
      // A copy: an item whose time is over removes itself.
      for (const item of this.#slots.slice(0, this.#count)) item?.onTick(nowMs);
      this.#isScheduled = false;
      if (this.#count > 0) this.#scheduleTick();
    });
  }
}
