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
 * can't forget either (measured on Node 20). 15 kB for each upstream that was asked.
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

/** Counts by bucket, in a ring of slices. */
class Window {
  readonly #counts = new Uint32Array(SLICES * BUCKETS);
  /** Which slice is in each place of the ring. */
  readonly #numbers = new Array<number>(SLICES).fill(Number.NEGATIVE_INFINITY);

  add(ms: number, sliceNumber: number): void {
    const place = sliceNumber % SLICES;
    const start = place * BUCKETS;
    if (this.#numbers[place] !== sliceNumber) {
      this.#counts.fill(0, start, start + BUCKETS);
      this.#numbers[place] = sliceNumber;
    }
    const index = start + bucketOf(ms);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  percentiles(sliceNumber: number): Percentiles | null {
    const sums = new Float64Array(BUCKETS);
    let total = 0;
    this.#numbers.forEach((number, place) => {
      if (number <= sliceNumber - SLICES) return;
      this.#counts.subarray(place * BUCKETS, (place + 1) * BUCKETS).forEach((count, bucket) => {
        sums[bucket] = (sums[bucket] ?? 0) + count;
        total += count;
      });
    });
    if (total === 0) return null;
    const [p50, p95, p99] = [0.5, 0.95, 0.99].map((part) => millisecondsAt(sums, Math.ceil(part * total)));
    return { p50: p50 ?? 0, p95: p95 ?? 0, p99: p99 ?? 0 };
  }
}

/** The middle of the bucket that contains the duration of this rank (1 is the shortest). */
function millisecondsAt(sums: Float64Array, rank: number): number {
  let seen = 0;
  const bucket = sums.findIndex((count) => {
    seen += count;
    return seen >= rank;
  });
  return middleOf(bucket);
}
