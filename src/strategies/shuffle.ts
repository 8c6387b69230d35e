import type { Upstream } from '../upstreams/upstream.ts';
import { shuffleInPlace } from './fisher-yates.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';

/**
 * A random permutation. Where weights differ it is a weighted one: the first is drawn by weight, the second
 * by weight among the others, and so on (Efraimidis and Spirakis, "Weighted random sampling with a
 * reservoir", 2006: sort by u^(1/w), greatest first; here by its negative logarithm, least first).
 */
export const shuffle: StrategyFactory = ({ random }) => {
  const sorter = new KeySort();
  const draw = ({ weight }: Upstream) => -Math.log(random()) / weight;
  return {
    order(upstreams) {
      if (!haveEqualWeights(upstreams)) return sorter.sort(upstreams, draw, random);
      const order = upstreams.slice();
      shuffleInPlace(order, random);
      return order;
    },
  };
};

function haveEqualWeights(upstreams: readonly Upstream[]): boolean {
  const weight = upstreams[0]?.weight;
  return upstreams.every((upstream) => upstream.weight === weight);
}
