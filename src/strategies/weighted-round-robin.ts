/** The weighted-round-robin strategy: nginx's smooth weighted round-robin (`ngx_http_upstream_get_peer`). */

import type { Upstream } from '../upstreams/upstream.ts';
import { FirstThenOthers } from './first-then-others.ts';
import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';
import { stateByUpstream } from './upstream-state.ts';

interface State {
  current: number;
}

/**
 * At each request every upstream's current weight grows by its weight; the greatest is first, and the sum of all
 * weights is subtracted from it. The others follow by descending current weight, equals in the order of the list.
 * Weights of 5:1:1 result in a a b a c a a.
 */
export const weightedRoundRobin: StrategyFactory = () => {
  const states = stateByUpstream<State>(() => ({ current: 0 }));
  const sorter = new KeySort();
  const currentOf = (upstream: Upstream) => states.one(upstream).current;
  const arrange = (others: Upstream[]) => {
    const greatest = Math.max(...others.map(currentOf));
    return sorter.sort(others, (upstream) => greatest - currentOf(upstream));
  };
  return {
    order(upstreams) {
      const held = states.of(upstreams);
      let total = 0;
      let first = -1;
      let greatest = Number.NEGATIVE_INFINITY;
      for (let i = 0; i < held.length; i++) {
        // An index of both lists.
        const state = held[i] as State;
        const { weight } = upstreams[i] as Upstream;
        state.current += weight;
        total += weight;
        if (state.current > greatest) {
          first = i;
          greatest = state.current;
        }
      }
      const chosen = held[first];
      if (chosen) chosen.current -= total;
      return new FirstThenOthers(upstreams, first, arrange);
    },
  };
};
