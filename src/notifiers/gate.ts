/** When the next message about one kind of trouble in one pool may be sent. */

import type { Clock } from '../clock.ts';

/** How long the same alert is not sent again, counted from its delivery; may change at any time. */
export interface Cooldown {
  readonly ms: number;
}

/** Without a cool-down, too, a webhook that refuses every alert must not be asked for every request. */
const SHORTEST_REST_MS = 10_000;

/**
 * Closed while an alert waits to be delivered, which then tells how things stand, and within the cool-down, which begins
 * when the first notifier has delivered it, or the last one has lost it.
 */
export class Gate {
  readonly #clock: Clock;
  readonly #cooldown: Cooldown;
  readonly #isHeld: () => boolean;
  #deliveredMs = Number.NEGATIVE_INFINITY;
  #isOwed = false;
  #lostMs = Number.NEGATIVE_INFINITY;

  /** `isHeld`: whether a notifier still has a message about this to send. */
  constructor(clock: Clock, cooldown: Cooldown, isHeld: () => boolean) {
    this.#clock = clock;
    this.#cooldown = cooldown;
    this.#isHeld = isHeld;
  }

  get isOpen(): boolean {
    return this.coolsForMs <= 0 && this.restsForMs <= 0 && !this.isWaiting;
  }

  /** An alert went in, and no notifier has delivered it yet. */
  get isWaiting(): boolean {
    return this.#isOwed && this.#isHeld();
  }

  /** How long the cool-down lasts from now on; 0 or less when it is over. */
  get coolsForMs(): number {
    return this.#deliveredMs + this.#cooldown.ms - this.#clock.monotonicMs();
  }

  /** How long nothing is tried after a loss; 0 or less when it may be. */
  get restsForMs(): number {
    return this.#lostMs + Math.max(this.#cooldown.ms, SHORTEST_REST_MS) - this.#clock.monotonicMs();
  }

  /** An alert is given to the notifiers. */
  enter(): void {
    this.#isOwed = true;
  }

  /** A notifier has delivered a message. Only the first one begins the cool-down: others may take hours. */
  delivered(): void {
    if (this.#isOwed) this.#deliveredMs = this.#clock.monotonicMs();
    this.#isOwed = false;
  }

  /** Another replica tells of it: the cool-down lasts as long as its claim. */
  deliveredElsewhere(leftMs: number): void {
    this.#deliveredMs = this.#clock.monotonicMs() + leftMs - this.#cooldown.ms;
    this.#isOwed = false;
  }

  /** A notifier has lost an alert. It rests when no other one has delivered it, or will. */
  lost(): void {
    if (this.#isOwed && !this.#isHeld()) this.#lostMs = this.#clock.monotonicMs();
  }

  /** Ends the rest: the notifiers may have been mended. */
  endRest(): void {
    this.#lostMs = Number.NEGATIVE_INFINITY;
  }
}
