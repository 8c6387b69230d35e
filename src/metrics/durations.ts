/** A histogram of durations since the start, in Prometheus' terms. */

import type { Sample } from './exposition.ts';

/** Upper bounds of the buckets, in seconds: from an answer from a cache to the longest REQUEST_TIMEOUT in use. */
export const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const BOUNDS_MS = BOUNDS_S.map((seconds) => seconds * 1_000);

export class Durations {
  /** By bucket, not cumulative; the last bucket is for everything longer. */
  readonly #counts: number[] = new Array(BOUNDS_MS.length + 1).fill(0);
  #sumMs = 0;

  add(ms: number): void {
    let bucket = 0;
    while (ms > (BOUNDS_MS[bucket] ?? Number.POSITIVE_INFINITY)) bucket++;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  samples(labels: Readonly<Record<string, string>> = {}): Sample[] {
    let sum = 0;
    const buckets = this.#counts.map((count, i) => {
      sum += count;
      const le = `${BOUNDS_S[i] ?? '+Inf'}`;
      return { suffix: '_bucket', labels: { ...labels, le }, value: sum };
    });
    return [
      ...buckets,
      { suffix: '_sum', labels, value: this.#sumMs / 1_000 },
      { suffix: '_count', labels, value: sum },
    ];
  }
}
