/** The metrics that Prometheus reads. */

import type { PoolIdentity } from '../events.ts';
import { type Availability, STATES } from '../upstreams/availability.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Counters, PoolCounts } from './counters.ts';
import { CONTENT_TYPE, type Family, type Sample, write } from './exposition.ts';
import { significant } from './stats.ts';

/** What is read of a pool. */
export interface MeasuredPool {
  readonly identity: PoolIdentity;
  readonly registry: Registry;
  readonly availability: Availability;
  /** Requests that have begun and not ended. */
  readonly usage: { readonly underWay: number };
  /** Those that wait for an upstream, and for what others find. */
  readonly queue: { readonly length: number };
  readonly onlookers: { readonly length: number };
}

export interface MetricsDependencies {
  readonly counters: Counters;
  /** Those that serve at the moment. */
  readonly pools: () => readonly MeasuredPool[];
  /** Log lines that were lost because nothing read them. */
  readonly logLinesDropped: () => number;
}

/** The answer to `GET /metrics`. */
export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
}

/**
 * Labels are names of upstreams and closed sets of words, never a client's text; a removed upstream
 * no longer appears.
 */
export function createMetrics(dependencies: MetricsDependencies): Metrics {
  const { counters } = dependencies;
  let nodeMetrics: Promise<{ metrics(): Promise<string> }> | undefined;
  return {
    contentType: CONTENT_TYPE,
    async text() {
      const pools = dependencies.pools();
      const own = write([
        ...requestFamilies(counters, pools),
        ...processFamilies(counters, dependencies),
        ...upstreamFamilies(counters, pools),
      ]);
      nodeMetrics ??= startNodeMetrics();
      return own + (await (await nodeMetrics).metrics());
    },
  };
}

/**
 * Node's own metrics, under the names that dashboards know. They start with the first read: watching the garbage
 * collector and loading prom-client costs something, which operators who never read them should not pay.
 */
async function startNodeMetrics(): Promise<{ metrics(): Promise<string> }> {
  const { collectDefaultMetrics, Registry: NodeRegistry } = await import('prom-client');
  const register = new NodeRegistry();
  collectDefaultMetrics({ register });
  return register;
}

type Labels = Readonly<Record<string, string>>;

/** The label of a pool, where there are several. */
function poolLabel({ shown }: PoolIdentity): Labels {
  return shown === undefined ? {} : { pool: shown };
}

function requestFamilies(counters: Counters, pools: readonly MeasuredPool[]): Family[] {
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

function processFamilies(counters: Counters, { logLinesDropped }: MetricsDependencies): Family[] {
  return [
    {
      name: 'rpc_lb_alerts_total',
      type: 'counter',
      help: 'Alerts sent to the operators, counted for each notifier.',
      samples: tallied(counters.alerts, 'kind'),
    },
    {
      name: 'rpc_lb_log_lines_dropped_total',
      type: 'counter',
      help: 'Log lines that were lost, because nobody read them.',
      samples: [{ value: logLinesDropped() }],
    },
  ];
}

function upstreamFamilies(counters: Counters, pools: readonly MeasuredPool[]): Family[] {
  const samples = (of: (upstream: Upstream, labels: Labels, pool: MeasuredPool) => readonly Sample[]) =>
    pools.flatMap((pool) => {
      const label = poolLabel(pool.identity);
      return pool.registry.all.flatMap((each) => of(each, { ...label, upstream: each.name }, pool));
    });
  return [
    {
      name: 'rpc_lb_attempts_total',
      type: 'counter',
      help: 'Requests sent, or tried to be sent, to an upstream, by how that ended.',
      samples: samples(({ identity }, labels) =>
        tallied(counters.attemptsOf(identity).results, 'outcome', labels),
      ),
    },
    {
      name: 'rpc_lb_attempt_duration_seconds',
      type: 'histogram',
      help: 'Time until an upstream had answered, or its answer began to stream, or it had timed out.',
      samples: samples(({ identity }, labels) => counters.attemptsOf(identity).durations.samples(labels)),
    },
    {
      name: 'rpc_lb_budget_rps',
      type: 'gauge',
      help: 'Calls a second that an upstream may be sent, where that is limited and known.',
      samples: samples(({ budget }, labels) => {
        const rps = budget?.pacer.rps();
        return rps === undefined ? [] : [{ labels, value: significant(rps) }];
      }),
    },
    {
      name: 'rpc_lb_upstream_state',
      type: 'gauge',
      help: '1 for the state that an upstream is in, 0 for the others.',
      samples: samples((upstream, labels, { availability }) => {
        const now = availability.standing(upstream).state;
        return STATES.map((state) => ({ labels: { ...labels, state }, value: state === now ? 1 : 0 }));
      }),
    },
    {
      name: 'rpc_lb_upstream_slow',
      type: 'gauge',
      help: '1 for an upstream that is asked after the others, for some calls or all, because it is silent or much slower.',
      samples: samples(({ slow }, labels) => [{ labels, value: slow ? 1 : 0 }]),
    },
  ];
}

/** A sample for each word, with the word as a label. */
function tallied(
  tally: Readonly<Record<string, number>>,
  label: string,
  labels: Readonly<Record<string, string>> = {},
): Sample[] {
  return Object.entries(tally).map(([word, value]) => ({ labels: { ...labels, [label]: word }, value }));
}
