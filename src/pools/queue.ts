/** The requests that wait for an upstream of a pool, served in the order of their arrival. */

import type { Clock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Room } from './room.ts';

export type Turn = 'order' | 'shares' | 'later';

/** A request that waits. */
export interface Waiter {
  /** How many calls it is. */
  readonly calls: number;
  /** `order`: of its arrival. `shares`: takes turns with those, as many calls each. `later`: after all others. */
  readonly turn: Turn;
  /** Whether this upstream may be the one: it was without room when it looked, or may be tried now. */
  waitsFor(upstream: Upstream): boolean;
  /**
   * Looks for an upstream again. Returns undefined when it waits no longer, else when there may be one: monotonic
   * milliseconds, Infinity when only a change can help. Must not throw.
   */
  lookAgain(): number | undefined;
  /** It has waited for as long as it may. Must not throw. */
  giveUp(): void;
}

/** What is read of the pool. */
export interface QueueSource {
  readonly registry: { readonly all: readonly Upstream[] };
  readonly availability: { firstReturnAtMs(): number };
  readonly room: Room;
}

/** Room that comes about by events of another pool is noticed within this time. */
const LONGEST_SLEEP_MS = 100;
/** A timer may be early by a fraction of a millisecond, and would then be set again and again. */
const TIMER_PRECISION_MS = 1;

/**
 * Nobody overtakes within a turn. Those that do not wait in order (batches and pieces of them) fill no more than half of the
 * queue, rounded up. An upstream that the first who waits for it does not take after
 * all serves nobody else at that moment.
 */
export class Queue {
  readonly #source: QueueSource;
  readonly #clock: Clock;
  #capacity: number;
  /** With what cancels the timer of each; in the order of arrival. Empty while upstreams have room. */
  readonly #waiting = new Map<Waiter, () => void>();
  /** How many of them do not wait in order. */
  #givingWay = 0;
  /** So many calls of those in order come before the next one that shares. */
  #owed = 0;
  #stopTimer: (() => void) | undefined;
  #isServing = false;
  #isClosed = false;
  /** How many wait in other processes, where those of this one are not all; and how many of them for whom. */
  elsewhere = 0;
  readonly elsewhereFor = new WeakMap<Upstream, number>();

  constructor(source: QueueSource, clock: Clock, capacity: number) {
    this.#source = source;
    this.#clock = clock;
    this.#capacity = capacity;
  }

  /** Those that wait already may go on. */
  setCapacity(capacity: number): void {
    this.#capacity = capacity;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.size + this.elsewhere;
  }

  /** The process ends: nobody waits any more, nor is worth an attempt. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Lets all give up. */
  close(): void {
    this.#isClosed = true;
    for (const waiter of this.#waiting.keys()) {
      this.leave(waiter);
      waiter.giveUp();
    }
  }

  /** How many wait that this upstream may serve. */
  waitingFor(upstream: Upstream): number {
    let waiting = this.elsewhereFor.get(upstream) ?? 0;
    for (const waiter of this.#waiting.keys()) if (waiter.waitsFor(upstream)) waiting += 1;
    return waiting;
  }

  /** Lets a request wait until `untilMs` (monotonic) at most. False when too many are waiting, or nobody may. */
  join(waiter: Waiter, untilMs: number): boolean {
    if (this.#isClosed || this.#waiting.size >= this.#capacity) return false;
    const givesWay = waiter.turn !== 'order';
    if (givesWay && this.#givingWay >= this.#capacity / 2) return false;
    const stopTimer = this.#clock.after(Math.max(0, untilMs - this.#clock.monotonicMs()), () => {
      this.#remove(waiter);
      waiter.giveUp();
    });
    this.#waiting.set(waiter, stopTimer);
    if (givesWay) this.#givingWay += 1;
    if (!this.#isServing && this.#waiting.size === 1) this.#sleep();
    return true;
  }

  /** It waits no longer. Does nothing when it does not wait. */
  leave(waiter: Waiter): void {
    this.#waiting.get(waiter)?.();
    this.#remove(waiter);
    if (this.#waiting.size === 0) this.#stopTimer?.();
  }

  #remove(waiter: Waiter): void {
    if (this.#waiting.delete(waiter) && waiter.turn !== 'order') this.#givingWay -= 1;
  }

  /** Gives the room that there is at this moment to those that came first. */
  serve(): void {
    if (this.#waiting.size === 0 || this.#isServing) return;
    this.#isServing = true;
    for (const upstream of this.#source.registry.all) this.#serveFrom(upstream);
    this.#isServing = false;
    this.#sleep();
  }

  /** Lets all look again, because other upstreams may be usable than before. */
  serveAll(): void {
    if (this.#waiting.size === 0 || this.#isServing) return;
    this.#isServing = true;
    for (const waiter of this.#waiting.keys()) this.#letLook(waiter);
    this.#isServing = false;
    this.#sleep();
  }

  #serveFrom(upstream: Upstream): void {
    const { room } = this.#source;
    while (room.has(upstream)) {
      const next = this.#nextFor(upstream);
      if (!next) return;
      const { turn, calls } = next;
      if (!this.#letLook(next)) return;
      if (turn === 'shares') this.#owed = calls;
      else if (turn === 'order') this.#owed -= calls;
    }
  }

  #nextFor(upstream: Upstream): Waiter | undefined {
    let first: Waiter | undefined;
    let sharing: Waiter | undefined;
    let last: Waiter | undefined;
    for (const waiter of this.#waiting.keys()) {
      if (!waiter.waitsFor(upstream)) continue;
      if (waiter.turn === 'later') last ??= waiter;
      else if (waiter.turn === 'shares') sharing ??= waiter;
      else if (!first) first = waiter;
      if (first && (sharing || this.#owed > 0 || this.#givingWay === 0)) break;
    }
    return this.#owed > 0 ? (first ?? sharing ?? last) : (sharing ?? first ?? last);
  }

  /** Whether it found one, or has given up. */
  #letLook(waiter: Waiter): boolean {
    if (waiter.lookAgain() !== undefined) return false;
    this.leave(waiter);
    return true;
  }

  /** Until the first upstream has room again, or is usable again. */
  #sleep(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    if (this.#waiting.size === 0) return;
    const { registry, availability, room } = this.#source;
    const nowMs = this.#clock.monotonicMs();
    const returnMs = availability.firstReturnAtMs();
    let wakeMs = Math.min(returnMs, nowMs + LONGEST_SLEEP_MS);
    for (const upstream of registry.all) {
      const freeAtMs = room.freeAtMs(upstream);
      if (freeAtMs > nowMs) wakeMs = Math.min(wakeMs, freeAtMs);
    }
    this.#stopTimer = this.#clock.after(Math.max(0, wakeMs - nowMs) + TIMER_PRECISION_MS, () => {
      if (returnMs <= this.#clock.monotonicMs()) this.serveAll();
      else this.serve();
    });
  }
}
