/** What is told of the requests to each pool. */

import type { Counters, PoolCounts } from './counters.ts';
import type { Family, Sample } from './exposition.ts';
import { type MeasuredPool, poolLabel } from './measured-pool.ts';
import { type Labels, tallied } from './tally.ts';

export function requestFamilies(counters: Counters, pools: readonly MeasuredPool[]): Family[] {
  const samples = (of: (pool: MeasuredPool, counts: PoolCounts, labels: Labels) => readonly Sample[]) =>
    pools.flatMap((pool) => of(pool, counters.of(pool.identity), poolLabel(pool.identity)));
  return [
    {
      name: 'rpc_lb_requests_total',
      type: 'counter',
      help: 'Requests of clients that have ended, by how they ended.',
      samples: samples((_, { requests }, labels) => tallied(requests, 'outcome', labels)),
    },
    {
      name: 'rpc_lb_request_duration_seconds',
      type: 'histogram',
      help: 'Time from a request to the end of its answer; not of WebSockets.',
      samples: samples((_, { requestDurations }, labels) => requestDurations.samples(labels)),
    },
    {
      name: 'rpc_lb_method_requests_total',
      type: 'counter',
      help: 'JSON-RPC requests that have ended, by method and by how they ended; batches are one method, those that are used less another.',
      samples: samples((_, { methods }, labels) =>
        [...methods.tallies()].flatMap(([method, tally]) => tallied(tally, 'outcome', { ...labels, method })),
      ),
    },
    {
      name: 'rpc_lb_hedges_total',
      type: 'counter',
      help: 'Requests sent to a second upstream as well, because the first took longer than usual, by what became of the second.',
      samples: samples((_, { hedges }, labels) => tallied(hedges, 'result', labels)),
    },
    {
      name: 'rpc_lb_inflight_requests',
      type: 'gauge',
      help: 'Requests that have begun and not ended; a WebSocket ends when it is closed.',
      samples: samples(({ usage }, _, labels) => [{ labels, value: usage.underWay }]),
    },
    {
      name: 'rpc_lb_waiting_requests',
      type: 'gauge',
      help: 'Requests that wait for an upstream that has room.',
      samples: samples(({ queue, onlookers }, _, labels) => [
        { labels, value: queue.length + onlookers.length },
      ]),
    },
    {
      name: 'rpc_lb_queue_wait_seconds',
      type: 'histogram',
      help: 'How long requests waited for an upstream that has room; of those that waited.',
      samples: samples((_, { queueWaits }, labels) => queueWaits.samples(labels)),
    },
  ];
}
