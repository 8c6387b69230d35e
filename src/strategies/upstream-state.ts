/** What a strategy remembers of each upstream. */

import type { Upstream } from '../upstreams/upstream.ts';

/** A state is kept when other upstreams come or go, and is dropped with its upstream. */
export interface UpstreamState<S> {
  /** In the order of the list. The caller must not keep it. */
  of(upstreams: readonly Upstream[]): readonly S[];
  one(upstream: Upstream): S;
}

/** Keeps the states of the last list as a list: a look-up for each upstream would cost more than the choice. */
export function stateByUpstream<S>(begin: (upstream: Upstream) => S): UpstreamState<S> {
  const states = new WeakMap<Upstream, S>();
  let lastList: readonly Upstream[] = [];
  let lastStates: readonly S[] = [];
  const one = (upstream: Upstream): S => {
    let state = states.get(upstream);
    if (state === undefined) {
      state = begin(upstream);
      states.set(upstream, state);
    }
    return state;
  };
  return {
    of(upstreams) {
      const isSame =
        upstreams.length === lastList.length && upstreams.every((upstream, i) => upstream === lastList[i]);
      if (!isSame) {
        lastList = upstreams.slice();
        lastStates = lastList.map(one);
      }
      return lastStates;
    },
    one,
  };
}
