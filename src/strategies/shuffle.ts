/** The shuffle strategy: a random order, weighted where weights differ. */

import type { Upstream } from '../upstreams/upstream.ts';
import { FirstThenOthers } from './first-then-others.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';

/**
 * The first is drawn by weight, the second by weight among the others, and so on. One sort draws all the others
 * (Efraimidis and Spirakis, "Weighted random sampling with a reservoir", 2006: sort by u^(1/w), greatest first; here
 * by its negative logarithm, least first).
 */
export const shuffle: StrategyFactory = ({ random }) => {
  const sorter = new KeySort();
  const draw = ({ weight }: Upstream) => -Math.log(random()) / weight;
  const arrange = (others: Upstream[]) => sorter.sort(others, draw, random);
  return {
    order: (upstreams) => new FirstThenOthers(upstreams, drawByWeight(upstreams, random()), arrange),
  };
};

/** @param part how far along the sum of all weights the drawn one is: 0 (included) to 1 (excluded) */
function drawByWeight(upstreams: readonly Upstream[], part: number): number {
  let left = 0;
  for (const { weight } of upstreams) left += weight;
  left *= part;
  const last = upstreams.length - 1;
  for (let i = 0; i < last; i++) {
    left -= upstreams[i]?.weight ?? 0;
    if (left < 0) return i;
  }
  return last;
}
