/** The least-connections strategy: fewest attempts in flight per weight first, equals in random order. */

import type { Upstream } from '../upstreams/upstream.ts';
import { FirstThenOthers } from './first-then-others.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';

export const leastConnections: StrategyFactory = ({ random }) => {
  const sorter = new KeySort();
  const load = ({ inFlight, inFlightElsewhere, weight }: Upstream) => (inFlight + inFlightElsewhere) / weight;
  const arrange = (others: Upstream[]) => sorter.sort(others, load, random);
  return {
    order: (upstreams) => new FirstThenOthers(upstreams, sorter.first(upstreams, load, random), arrange),
  };
};
