/** Whose turn it is, where several processes send on one limit that is so small that each call counts. */

import type { Others } from './others.ts';

/** Its multiples are spread evenly between 0 and 1, as those of no other number (Steinhaus' three gaps). */
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Turns shorter than this are no more exact than timers and clocks. */
const SHORTEST_MS = 15;
/** Who has so little that none of so many turns is its own does not wait for one. */
const MOST_TURNS = 128;
/** Sums of fractions are off by less, in turns. */
const ROUNDING = 1e-4;

/**
 * Time is divided into turns of one call each, the same in all processes, since they have the same rate and nearly the
 * same time. Each turn has a number between 0 and 1, and belongs to the process whose part of the budget that is in.
 * Processes that agree on their parts only nearly disagree on a few turns only.
 */
export class Turns {
  #atMs = Number.NaN;
  #memoSpeed = 0;
  #memoShare = 0;
  #memoFrom = 0;
  #nextMs = 0;

  /** `speed`: calls a millisecond of all. */
  areTaken(speed: number, { share, from }: Others): boolean {
    return share < 1 && from >= 0 && speed * SHORTEST_MS <= 1;
  }

  /** From then on, when it is this one's turn next. Monotonic milliseconds. */
  nextMs(atMs: number, speed: number, others: Others): number {
    const { share, from } = others;
    const isKnown =
      atMs === this.#atMs &&
      speed === this.#memoSpeed &&
      share === this.#memoShare &&
      from === this.#memoFrom;
    if (isKnown) return this.#nextMs;
    this.#atMs = atMs;
    this.#memoSpeed = speed;
    this.#memoShare = share;
    this.#memoFrom = from;
    this.#nextMs = nextTurnMs(atMs, speed, others);
    return this.#nextMs;
  }

  /** When the turn of that moment ends. */
  endMs(atMs: number, speed: number, { commonMs }: Others): number {
    return (turnAt(atMs + commonMs, speed) + 1) / speed - commonMs;
  }
}

function turnAt(commonMs: number, speed: number): number {
  return Math.floor(commonMs * speed + ROUNDING);
}

function nextTurnMs(atMs: number, speed: number, { share, from, commonMs }: Others): number {
  if (atMs === Number.NEGATIVE_INFINITY) return atMs;
  const first = turnAt(atMs + commonMs, speed);
  for (let turn = first; turn < first + MOST_TURNS; turn += 1) {
    const place = (turn * GOLDEN) % 1;
    if (place >= from && place < from + share) return Math.max(atMs, turn / speed - commonMs);
  }
  return atMs;
}
