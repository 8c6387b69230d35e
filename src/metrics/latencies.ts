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
    const sums = SUMS.fill(0);
    let total = 0;
    for (let place = 0; place < SLICES; place++) {
      if ((this.#numbers[place] ?? 0) <= sliceNumber - SLICES) continue;
      const start = place * BUCKETS;
      // Plain loops: this is done for each upstream every second while a page is open.
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        const count = this.#counts[start + bucket] ?? 0;
        if (count === 0) continue;
        sums[bucket] = (sums[bucket] ?? 0) + count;
        total += count;
      }
    }
    if (total === 0) return null;
    return {
      p50: millisecondsAt(0.5 * total),
      p95: millisecondsAt(0.95 * total),
      p99: millisecondsAt(0.99 * total),
    };
  }
}

/** Counts by bucket, of the window that is being read. */
const SUMS = new Float64Array(BUCKETS);

/** The middle of the bucket in SUMS that contains the duration of this rank (1 is the shortest), rounded up. */
function millisecondsAt(rank: number): number {
  let seen = 0;
  let bucket = 0;
  while (bucket < BUCKETS - 1) {
    seen += SUMS[bucket] ?? 0;
    if (seen >= rank) break;
    bucket += 1;
  }
  return middleOf(bucket);
}
