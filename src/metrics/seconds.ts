/** Figures of one pool or upstream, second by second, in memory that never grows. */

import { BUCKETS, bucketOf, middleOf } from './log-buckets.ts';

/** So many whole seconds are kept: 15 minutes. */
export const SLOTS = 900;
/** One more, for the second that is not over; and so many that a reading may take its time while time goes on. */
const SPARE = 59;
const PLACES = SLOTS + 1 + SPARE;

/** What a bucket stands for, by its number and one; 0 stands for no duration. */
const MIDDLES_MS: readonly (number | null)[] = [
  null,
  ...Array.from({ length: BUCKETS }, (_, bucket) => middleOf(bucket)),
];

/** A figure for each second, the oldest first; empty when nothing happened in any of them. */
export interface SecondRows {
  readonly all: readonly number[];
  readonly marked: readonly number[];
  /** For each of the parts that were asked for; null for seconds in which nothing was timed. */
  readonly percentiles: readonly (readonly (number | null)[])[];
}

/** The figures of one second. */
export interface SecondFigures {
  readonly all: number;
  readonly marked: number;
  readonly percentiles: readonly (number | null)[];
}

/**
 * Counts and percentiles of durations in a ring. There is no timer: the ring moves on when something is added or read.
 * Seconds are numbered by the caller, whose clock never goes back. 8 kB, 2 kB for each percentile and 3 kB for the durations
 * of the second that is not over.
 */
export class Seconds {
  readonly #all = new Uint32Array(PLACES);
  readonly #marked = new Uint32Array(PLACES);
  readonly #parts: readonly number[];
  /** For each part its bucket and one. */
  readonly #percentiles: readonly Uint16Array[];
  /** Durations of the current second, by bucket. */
  readonly #durations = new Uint32Array(BUCKETS);
  #timed = 0;
  #current: number;
  /** The latest in which something was added. */
  #latest = Number.NEGATIVE_INFINITY;

  /** `parts` are the percentiles as parts of 1, in ascending order. */
  constructor(second: number, parts: readonly number[]) {
    this.#current = second;
    this.#parts = parts;
    this.#percentiles = parts.map(() => new Uint16Array(PLACES));
  }

  /** Counts something that has just ended. Without a duration it is not timed. */
  add(second: number, isMarked: boolean, durationMs: number | undefined): void {
    if (second > this.#current) this.#moveTo(second);
    this.#latest = second;
    const place = second % PLACES;
    this.#all[place] = (this.#all[place] ?? 0) + 1;
    if (isMarked) this.#marked[place] = (this.#marked[place] ?? 0) + 1;
    if (durationMs === undefined) return;
    const bucket = bucketOf(durationMs);
    this.#durations[bucket] = (this.#durations[bucket] ?? 0) + 1;
    this.#timed += 1;
  }

  /** The seconds before this one, which was the current one less than a minute ago. */
  read(second: number): SecondRows {
    if (second > this.#current) this.#moveTo(second);
    if (this.#latest < second - SLOTS)
      return { all: [], marked: [], percentiles: this.#percentiles.map(() => []) };
    return {
      all: inOrder(this.#all, second),
      marked: inOrder(this.#marked, second),
      percentiles: this.#percentiles.map((ring) => inOrder(ring, second).map(millisecondsOf)),
    };
  }

  /** The second before this one. */
  readLast(second: number): SecondFigures {
    if (second > this.#current) this.#moveTo(second);
    const place = (second - 1) % PLACES;
    return {
      all: this.#all[place] ?? 0,
      marked: this.#marked[place] ?? 0,
      percentiles: this.#percentiles.map((ring) => millisecondsOf(ring[place] ?? 0)),
    };
  }

  #moveTo(second: number): void {
    if (this.#timed > 0) this.#closeDurations();
    const first = Math.max(this.#current + 1, second - PLACES + 1);
    for (let each = first; each <= second; each++) {
      const place = each % PLACES;
      this.#all[place] = 0;
      this.#marked[place] = 0;
      for (const ring of this.#percentiles) ring[place] = 0;
    }
    this.#current = second;
  }

  /** Turns the durations of the current second into its percentiles. */
  #closeDurations(): void {
    const place = this.#current % PLACES;
    let bucket = -1;
    let seen = 0;
    this.#parts.forEach((part, index) => {
      // The rank of the duration; 1 is the shortest.
      const rank = Math.ceil(part * this.#timed);
      while (seen < rank && bucket < BUCKETS - 1) {
        bucket += 1;
        seen += this.#durations[bucket] ?? 0;
      }
      const ring = this.#percentiles[index];
      if (ring) ring[place] = bucket + 1;
    });
    this.#durations.fill(0);
    this.#timed = 0;
  }
}

function millisecondsOf(bucketAndOne: number): number | null {
  return MIDDLES_MS[bucketAndOne] ?? null;
}

/** What a ring has of the seconds before this one. */
function inOrder(ring: Uint32Array | Uint16Array, second: number): number[] {
  const start = second - SLOTS;
  const rows = new Array<number>(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) rows[slot] = ring[(start + slot) % PLACES] ?? 0;
  return rows;
}
