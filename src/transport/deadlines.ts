/** The time limits of all attempts, kept by one timer. */
import type { Clock } from '../clock.ts';

/** Something that must not last too long. */
export interface HasDeadline {
  /** Its slot. Written by `Deadlines`. */
  deadlineIndex: number;
  /** Called every now and then; ends itself when its time is over. */
  onTick(nowMs: number): void;
}

/** A tick may be late by this part of the shortest limit. */
const PRECISION = 0.1;
const LONGEST_TICK_MS = 100;
const SHORTEST_TICK_MS = 5;

/**
 * One timer for the time limits of all attempts. A timer of its own for each attempt, nearly always
 * cancelled, costs as much as the rest of its bookkeeping.
 */
export class Deadlines {
  readonly #clock: Clock;
  readonly #tickMs: number;
  /**
   * The first `#count` slots are taken; the array never shrinks. A Set, or an array that shrinks and grows with
   * the load, leaves its outgrown tables in the old generation, where they keep dead requests alive until the
   * next full collection: the scavenger then copies each of them twice.
   */
  readonly #slots: (HasDeadline | undefined)[] = [];
  #count = 0;
  #ticking = false;

  /** `shortestMs`: the shortest limit that will be kept; limits are kept to a tenth of it, at most 100 ms. */
  constructor(clock: Clock, shortestMs: number) {
    this.#clock = clock;
    this.#tickMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, shortestMs * PRECISION));
  }

  add(item: HasDeadline): void {
    item.deadlineIndex = this.#count;
    this.#slots[this.#count] = item;
    this.#count += 1;
    if (!this.#ticking) this.#tickLater();
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

  #tickLater(): void {
    this.#ticking = true;
    this.#clock.after(this.#tickMs, () => {
      const nowMs = this.#clock.monotonicMs();
      // A copy: those whose time is over remove themselves.
      for (const item of this.#slots.slice(0, this.#count)) item?.onTick(nowMs);
      this.#ticking = false;
      if (this.#count > 0) this.#tickLater();
    });
  }
}
