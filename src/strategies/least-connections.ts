import type { Upstream } from '../upstreams/upstream.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';

/** Fewest attempts in flight per weight first, equals in random order. */
export const leastConnections: StrategyFactory = ({ random }) => {
  const sorter = new KeySort();
  const load = ({ inFlight, weight }: Upstream) => inFlight / weight;
  return { order: (upstreams) => sorter.sort(upstreams, load, random) };
};
