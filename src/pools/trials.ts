/** Requests to upstreams that are out, sent because none is usable: how many there are, and which requests wait. */
import type { Clock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** Trials of one upstream that may be under way at once. */
const MAX_TRIALS = 4;
/** Requests that may wait for a trial; further ones are answered at once. */
const MAX_WAITING = 1_000;

/** Whether an upstream may take one more request at this moment. */
export interface Room {
  /** `isTrial`: the upstream is out. */
  has(upstream: Upstream, isTrial: boolean): boolean;
  /** When it will have room by itself: monotonic milliseconds, Infinity when that can't be told. */
  freeAtMs(upstream: Upstream): number;
}

/** A request that waits. */
export interface Waiting {
  /** Resolves when it is worth looking for an upstream again, or when the wait is cancelled. */
  readonly ended: Promise<void>;
  cancel(): void;
}

export class Trials implements Room {
  readonly #clock: Clock;
  readonly #underWay = new Map<Upstream, number>();
  /** Ends the wait of each, in the order in which they came. Empty while an upstream is usable. */
  readonly #waiting = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(upstream: Upstream, isTrial: boolean): boolean {
    return !isTrial || (this.#underWay.get(upstream) ?? 0) < MAX_TRIALS;
  }

  /** The end of another trial can't be foreseen. */
  freeAtMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  begin(upstream: Upstream): void {
    this.#underWay.set(upstream, (this.#underWay.get(upstream) ?? 0) + 1);
  }

  /** A trial is over: the next one may begin. */
  end(upstream: Upstream): void {
    const left = (this.#underWay.get(upstream) ?? 1) - 1;
    if (left > 0) this.#underWay.set(upstream, left);
    else this.#underWay.delete(upstream);
    for (const end of this.#waiting) {
      end();
      break;
    }
  }

  /** An upstream is usable: no request need wait any longer. */
  wakeAll(): void {
    for (const end of this.#waiting) end();
  }

  /** Waits for a trial, until `untilMs` (monotonic) at most. Undefined when too many requests wait already. */
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
