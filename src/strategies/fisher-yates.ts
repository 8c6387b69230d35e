/** Shuffles a part of a list in place (Fisher and Yates; Durstenfeld 1964). */

import type { Random } from '../random.ts';

/**
 * Each order is equally likely.
 *
 * @param from index of the first item of the part
 * @param end index after the last item of the part
 */
export function shuffleInPlace<T>(list: T[], random: Random, from = 0, end = list.length): void {
  for (let last = end - 1; last > from; last--) {
    const pick = from + Math.floor(random() * (last - from + 1));
    // Both are indexes of the list, which TypeScript can't know.
    const item = list[last] as T;
    list[last] = list[pick] as T;
    list[pick] = item;
  }
}
