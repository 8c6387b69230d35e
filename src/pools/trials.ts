/** Counts the trials, which are requests to upstreams that are out because none is usable, and lets others wait. */

import type { Clock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** How many trials of one upstream may be under way at once. */
const MAX_TRIALS = 4;
/** How many requests may wait for a trial; further requests are answered at once. */
const MAX_WAITING = 1_000;

/** Whether an upstream may take one more request at this moment. */
export interface Room {
  /** `isTrial` means that the upstream is out. */
  has(upstream: Upstream, isTrial: boolean): boolean;
  /** When it will have room without further events: monotonic milliseconds, Infinity when that is unknown. */
  freeAtMs(upstream: Upstream): number;
}

/** The wait of one request. */
export interface Waiting {
  /** Resolves when the request should look for an upstream again, or when the wait is cancelled. */
  readonly ended: Promise<void>;
  cancel(): void;
}

export class Trials implements Room {
  readonly #clock: Clock;
  readonly #underWay = new Map<Upstream, number>();
  /** Functions that end one wait each, in the order of arrival. Empty while an upstream is usable. */
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(upstream: Upstream, isTrial: boolean): boolean {
    return !isTrial || (this.#underWay.get(upstream) ?? 0) < MAX_TRIALS;
  }

  /** The end of a trial can't be predicted. */
  freeAtMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  begin(upstream: Upstream): void {
    this.#underWay.set(upstream, (this.#underWay.get(upstream) ?? 0) + 1);
  }

  /** Ends a trial, and the wait of the next request. */
  end(upstream: Upstream): void {
    const left = (this.#underWay.get(upstream) ?? 1) - 1;
    if (left > 0) this.#underWay.set(upstream, left);
    else this.#underWay.delete(upstream);
    for (const end of this.#waiting) {
      end();
      break;
    }
  }

  /** Ends all waits, because an upstream is usable. */
  wakeAll(): void {
    for (const end of this.#waiting) end();
  }

  /** Waits for a trial until `untilMs` (monotonic) at most. Undefined when too many requests are waiting. */
  wait(untilMs: number): Waiting | undefined {
    if (this.#waiting.size >= MAX_WAITING) return undefined;
    let cancel = () => {};
    const ended = new Promise<void>((resolve) => {
      cancel = () => {
        stopTimer();
        this.#waiting.delete(cancel);
        resolve();
      };
      const stopTimer = this.#clock.after(Math.max(0, untilMs - this.#clock.monotonicMs()), cancel);
      this.#waiting.add(cancel);
    });
    return { ended, cancel };
  }
}
