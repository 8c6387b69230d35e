/** Does something when it is asked to, but not too often. */

import type { Clock } from '../clock.ts';

export class Spaced {
  readonly #clock: Clock;
  readonly #gapMs: number;
  readonly #run: () => void;
  #lastMs = Number.NEGATIVE_INFINITY;
  #stop: (() => void) | undefined;

  constructor(clock: Clock, gapMs: number, run: () => void) {
    this.#clock = clock;
    this.#gapMs = gapMs;
    this.#run = run;
  }

  /** At once, or as soon as it may be done again. */
  ask(): void {
    if (this.#stop) return;
    const waitMs = this.#lastMs + this.#gapMs - this.#clock.monotonicMs();
    if (waitMs <= 0) this.#do();
    else this.#stop = this.#clock.after(waitMs, () => this.#do());
  }

  /** What was asked for is of no use any more. */
  drop(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #do(): void {
    this.#stop = undefined;
    this.#lastMs = this.#clock.monotonicMs();
    this.#run();
  }
}
