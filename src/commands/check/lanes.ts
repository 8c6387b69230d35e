/** Asks many upstreams at a time, few of them at one host, and those of one account one after the other. */

import type { Upstream } from '../../upstreams/upstream.ts';

const MAX_LANES = 16;
/** So many upstreams at one host are asked at a time, unless they are said to be of one account. */
const LANES_AT_HOST = 3;

/** Those of one account, or, where none is said, at one host. */
function queueOf({ limits, host }: Upstream): string {
  return limits.account === undefined ? `host ${host}` : `account ${limits.account}`;
}

/** Resolves when all are done. `work` must not reject. */
export async function inLanes<T extends { readonly upstream: Upstream }>(
  items: readonly T[],
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queues = new Map<string, T[]>();
  for (const item of items) {
    const name = queueOf(item.upstream);
    queues.set(name, [...(queues.get(name) ?? []), item]);
  }
  const atHosts = [...queues].flatMap(([name, queue]) => (name.startsWith('host ') ? [queue] : []));
  // First all have one lane.
  const lanes = [...queues.values()];
  for (let more = 1; more < LANES_AT_HOST; more++) lanes.push(...atHosts);
  const follow = async () => {
    for (let queue = lanes.shift(); queue; queue = lanes.shift()) {
      for (let item = queue.shift(); item; item = queue.shift()) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_LANES, lanes.length) }, follow));
}
