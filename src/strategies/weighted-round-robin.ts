import { KeySort } from './key-sort.ts';
import type { StrategyFactory } from './strategy.ts';
import { stateByUpstream } from './upstream-state.ts';

/**
 * nginx's smooth weighted round-robin (`ngx_http_upstream_get_peer`): at each call everybody's current weight
 * rises by its weight; the greatest is first and pays the sum of all weights. The others follow by descending
 * current weight; among equals the earlier in the list. Weights of 5:1:1 give a a b a c a a.
 */
export const weightedRoundRobin: StrategyFactory = () => {
  const states = stateByUpstream(() => ({ current: 0 }));
  const sorter = new KeySort();
  return {
    order(upstreams) {
      const held = states.of(upstreams);
      let total = 0;
      let greatest = Number.NEGATIVE_INFINITY;
      held.forEach((state, i) => {
        const weight = upstreams[i]?.weight ?? 0;
        state.current += weight;
        total += weight;
        greatest = Math.max(greatest, state.current);
      });
      const order = sorter.sort(upstreams, (_, i) => greatest - (held[i]?.current ?? 0));
      if (order[0]) states.one(order[0]).current -= total;
      return order;
    },
  };
};
