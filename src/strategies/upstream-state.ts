import type { Upstream } from '../upstreams/upstream.ts';

/** What a strategy remembers of each upstream: it stays when others come or go, and goes with its upstream. */
export interface UpstreamState<S> {
  /** In the order of the list. Not to be kept. */
  of(upstreams: readonly Upstream[]): readonly S[];
  one(upstream: Upstream): S;
}

/** The last list's states are kept side by side: a look-up for each upstream would cost more than the choice. */
export function stateByUpstream<S>(begin: () => S): UpstreamState<S> {
  const states = new WeakMap<Upstream, S>();
  let lastList: readonly Upstream[] = [];
  let lastStates: readonly S[] = [];
  const one = (upstream: Upstream): S => {
    let state = states.get(upstream);
    if (state === undefined) {
      state = begin();
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
