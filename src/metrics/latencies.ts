/** How long each upstream took to answer in the last minutes. */

import type { Clock } from '../clock.ts';
import type { AttemptResult, Event, EventOf, UpstreamIdentity } from '../events.ts';
import { BUCKETS, bucketOf, middleOf } from './log-buckets.ts';

/** In milliseconds, within 2 %. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The window consists of slices, of which the oldest is dropped whole: it covers the last four to five minutes. */
const SLICE_MS = 60_000;
const SLICES = 5;

/**
 * Built by hand because it is written at each attempt: 3 ns against 26 ns of the histogram in node:perf_hooks, which
 * can't forget either (measured on Node 20). 18 kB for each upstream that was asked.
 */
export class Latencies {
  readonly #clock: Clock;
  /** The key is the announced object: a later upstream of the same name starts empty. */
  readonly #windows = new WeakMap<UpstreamIdentity, Window>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    if (event.type !== 'attempt-finished' || !tellsLatency(event)) return;
    let window = this.#windows.get(event.upstream);
    if (!window) {
      window = new Window();
      this.#windows.set(event.upstream, window);
    }
    window.add(event.durationMs, this.#sliceNumber());
  }

  /** Null when nothing was measured in the window. */
  of(upstream: UpstreamIdentity): Percentiles | null {
    return this.#windows.get(upstream)?.percentiles(this.#sliceNumber()) ?? null;
  }

  #sliceNumber(): number {
    return Math.floor(this.#clock.monotonicMs() / SLICE_MS);
  }
}

/** Whether the time of an attempt that ended so says how long an upstream takes to answer. */
const TELLS_LATENCY: Readonly<Record<AttemptResult, boolean>> = {
  answered: true,
  inconclusive: true,
  timeout: true,
  // The client's doing, or this machine's, or another attempt's.
  'client-left': false,
  'out-of-time': false,
  shortage: false,
  superseded: false,
  // No answer came.
  refused: false,
  dns: false,
  tls: false,
  'connect-timeout': false,
  reset: false,
  cut: false,
  'bad-http': false,
  // Bare refusals are quick, and would make a broken upstream look fast.
  status: false,
  'not-an-answer': false,
  'upstream-broken': false,
  'rate-limited': false,
  plan: false,
  auth: false,
  'method-unsupported': false,
};

/** Whether the duration of an attempt shows how long an upstream takes to answer; a handshake is not an answer. */
export function tellsLatency({ result, tunnel }: EventOf<'attempt-finished'>): boolean {
  return !tunnel && TELLS_LATENCY[result];
}

/** Counts by bucket, in a ring of slices, and their sums: reading must be cheap, as it is done every second for a page. */
class Window {
  readonly #counts = new Uint32Array(SLICES * BUCKETS);
  readonly #sums = new Uint32Array(BUCKETS);
  #total = 0;
  /** Which slice is in each place of the ring. */
  readonly #numbers = new Array<number>(SLICES).fill(Number.NEGATIVE_INFINITY);

  add(ms: number, sliceNumber: number): void {
    const place = sliceNumber % SLICES;
    if (this.#numbers[place] !== sliceNumber) {
      this.#drop(place);
      this.#numbers[place] = sliceNumber;
    }
    const bucket = bucketOf(ms);
    const index = place * BUCKETS + bucket;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sums[bucket] = (this.#sums[bucket] ?? 0) + 1;
    this.#total += 1;
  }

  percentiles(sliceNumber: number): Percentiles | null {
    this.#numbers.forEach((number, place) => {
      if (number <= sliceNumber - SLICES) this.#drop(place);
    });
    if (this.#total === 0) return null;
    const [p50 = 0, p95 = 0, p99 = 0] = this.#timesAt([0.5, 0.95, 0.99]);
    return { p50, p95, p99 };
  }

  #drop(place: number): void {
    if (this.#numbers[place] === Number.NEGATIVE_INFINITY) return;
    this.#numbers[place] = Number.NEGATIVE_INFINITY;
    const start = place * BUCKETS;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[start + bucket] ?? 0;
      this.#sums[bucket] = (this.#sums[bucket] ?? 0) - count;
      this.#total -= count;
    }
    this.#counts.fill(0, start, start + BUCKETS);
  }

  /** The middles of the buckets that contain the durations of these ranks, which are parts of all, the smallest first. */
  #timesAt(parts: readonly number[]): number[] {
    let seen = this.#sums[0] ?? 0;
    let bucket = 0;
    return parts.map((part) => {
      const rank = Math.ceil(part * this.#total);
      while (seen < rank && bucket < BUCKETS - 1) {
        bucket += 1;
        seen += this.#sums[bucket] ?? 0;
      }
      return middleOf(bucket);
    });
  }
}
