/** Asks many upstreams at a time, and those that one provider may count together one after the other. */

import type { Upstream } from '../../upstreams/upstream.ts';

const MAX_LANES = 16;

/** Of one account, or, where none is said, at one host. */
export function laneOf({ limits, host }: Upstream): string {
  return limits.account === undefined ? `host ${host}` : `account ${limits.account}`;
}

/** Resolves when all are done. `work` must not reject. */
export async function inLanes<T extends { readonly upstream: Upstream }>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const byLane = new Map<string, T[]>();
  for (const item of items) {
    const lane = laneOf(item.upstream);
    byLane.set(lane, [...(byLane.get(lane) ?? []), item]);
  }
  const lanes = [...byLane.values()];
  const follow = async () => {
    for (let lane = lanes.shift(); lane; lane = lanes.shift()) {
      for (const item of lane) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_LANES, lanes.length) }, follow));
}
