import type { Clock } from '../clock.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { EndsWithClient, Exchange } from './exchange.ts';

/** Trials of one upstream that may be under way at once. */
const MAX_TRIALS = 4;
/** Requests that may wait for a trial; further ones are answered at once. */
const MAX_WAITING = 1_000;

/** Why a request waits no longer. */
export type WaitEnd = 'look-again' | 'too-late' | 'client-left';

/**
 * Requests to upstreams that are out, sent because nobody is usable: how many are under way, and which requests
 * wait, since all that may be tried are being tried.
 */
export class Trials {
  readonly #clock: Clock;
  readonly #firstReturnMs: () => number | undefined;
  readonly #underWay = new Map<Upstream, number>();
  /** In the order in which they came. Empty while anybody is usable. */
  readonly #waiting = new Set<Waiting>();

  /** `firstReturnMs`: milliseconds until the first upstream is usable by itself; undefined when none will be. */
  constructor(clock: Clock, firstReturnMs: () => number | undefined) {
    this.#clock = clock;
    this.#firstReturnMs = firstReturnMs;
  }

  /** No further trial of this upstream may begin. */
  isFull(upstream: Upstream): boolean {
    return (this.#underWay.get(upstream) ?? 0) >= MAX_TRIALS;
  }

  begin(upstream: Upstream): void {
    this.#underWay.set(upstream, (this.#underWay.get(upstream) ?? 0) + 1);
  }

  /** A trial is over: the next one may begin. */
  end(upstream: Upstream): void {
    const left = (this.#underWay.get(upstream) ?? 1) - 1;
    if (left > 0) this.#underWay.set(upstream, left);
    else this.#underWay.delete(upstream);
    for (const first of this.#waiting) {
      first.end('look-again');
      break;
    }
  }

  /** An upstream is usable: nobody need wait any longer. */
  wakeAll(): void {
    for (const waiting of this.#waiting) waiting.end('look-again');
  }

  /** Waits until it is worth looking for an upstream again, until `endMs` (monotonic) at most. */
  wait(exchange: Exchange, endMs: number): Promise<WaitEnd> {
    const leftMs = endMs - this.#clock.monotonicMs();
    if (leftMs <= 0 || this.#waiting.size >= MAX_WAITING) return Promise.resolve('too-late');
    return new Promise((resolve) => {
      const returnMs = this.#firstReturnMs() ?? Number.POSITIVE_INFINITY;
      const waiting = new Waiting(exchange, (how) => {
        stopTimer();
        this.#waiting.delete(waiting);
        resolve(how);
      });
      const how = returnMs < leftMs ? 'look-again' : 'too-late';
      // A timer may be early by a fraction of a millisecond, and would then be set again and again.
      const stopTimer = this.#clock.after(Math.min(leftMs, returnMs + 1), () => waiting.end(how));
      this.#waiting.add(waiting);
    });
  }
}

/** One request that waits. */
class Waiting implements EndsWithClient {
  readonly #exchange: Exchange;
  readonly #onEnd: (how: WaitEnd) => void;

  constructor(exchange: Exchange, onEnd: (how: WaitEnd) => void) {
    this.#exchange = exchange;
    this.#onEnd = onEnd;
    exchange.underWay = this;
  }

  onClientLeft(): void {
    this.end('client-left');
  }

  end(how: WaitEnd): void {
    this.#exchange.underWay = undefined;
    this.#onEnd(how);
  }
}
