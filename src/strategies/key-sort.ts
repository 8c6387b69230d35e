/** Sorts lists, or finds their first item, by a key for each item, least first. */

import type { Random } from '../random.ts';
import { shuffleInPlace } from './fisher-yates.ts';

const isLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
/** Where the upper and the lower half of a 64-bit number are in memory. */
const [UPPER, LOWER] = isLittleEndian ? [1, 0] : [0, 1];

/**
 * Sorts without a call per comparison: among hundreds of upstreams those would cost more than all the rest of a
 * request's choice. A 64-bit number holds an item's key in its upper half and the item's index in its lower one (the
 * bits of numbers that are not negative sort in the order of the numbers), and a Float64Array sorts itself natively.
 *
 * Keeps the memory that it works with, so each user has its own instance.
 */
export class KeySort {
  #numbers = new Float64Array(0);
  /** The same memory, as halves. */
  #keys = new Float32Array(0);
  #indexes = new Uint32Array(0);

  /**
   * A sorted copy. Items with equal keys are in random order, each order equally likely, so that their order in the
   * list never decides; without `random` they keep that order.
   *
   * @param keyOf a number of 0 or more; 24 bits of it count
   */
  sort<T>(list: readonly T[], keyOf: (item: T, index: number) => number, random?: Random): T[] {
    this.#makeRoom(list.length);
    for (let i = 0; i < list.length; i++) {
      // An index of the list.
      this.#keys[2 * i + UPPER] = keyOf(list[i] as T, i);
      this.#indexes[2 * i + LOWER] = i;
    }
    this.#numbers.fill(Number.POSITIVE_INFINITY, list.length).sort();
    const sorted = list.slice();
    // Again an index of the list: the one that was stored with the key.
    for (let i = 0; i < list.length; i++) sorted[i] = list[this.#indexes[2 * i + LOWER] as number] as T;
    if (random) this.#shuffleEquals(sorted, random);
    return sorted;
  }

  /**
   * The index of an item that could be first in the sorted list, each such item equally likely, or the first of them
   * without `random`; -1 for an empty list.
   */
  first<T>(list: readonly T[], keyOf: (item: T, index: number) => number, random?: Random): number {
    this.#makeRoom(list.length);
    let first = -1;
    let least = 0;
    let equals = 0;
    for (let i = 0; i < list.length; i++) {
      // An index of the list. Rounded as for sorting, so that the same keys are equal in both.
      const key = Math.fround(keyOf(list[i] as T, i));
      this.#keys[2 * i + UPPER] = key;
      if (first < 0 || key < least) {
        first = i;
        least = key;
        equals = 1;
      } else if (key === least) equals++;
    }
    if (equals < 2 || !random) return first;
    let passed = Math.floor(random() * equals);
    for (let i = first; i < list.length; i++) {
      if (this.#keys[2 * i + UPPER] === least && passed-- === 0) return i;
    }
    return first;
  }

  #makeRoom(count: number): void {
    const room = this.#numbers.length;
    if (count <= room && count > room / 2) return;
    this.#numbers = new Float64Array(count);
    this.#keys = new Float32Array(this.#numbers.buffer);
    this.#indexes = new Uint32Array(this.#numbers.buffer);
  }

  #shuffleEquals<T>(sorted: T[], random: Random): void {
    const keyAt = (index: number) => this.#keys[2 * index + UPPER];
    for (let from = 0, end = 1; end <= sorted.length; end++) {
      if (end < sorted.length && keyAt(end) === keyAt(from)) continue;
      if (end - from > 1) shuffleInPlace(sorted, random, from, end);
      from = end;
    }
  }
}
