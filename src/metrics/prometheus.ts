/** The metrics that Prometheus reads. */

import type { Clock } from '../clock.ts';
import type { Counters } from './counters.ts';
import { CONTENT_TYPE, type Family, write } from './exposition.ts';
import type { MeasuredPool } from './measured-pool.ts';
import { NodeMetrics } from './node-metrics.ts';
import { requestFamilies } from './request-families.ts';
import { tallied } from './tally.ts';
import { upstreamFamilies } from './upstream-families.ts';

export interface MetricsDependencies {
  readonly counters: Counters;
  readonly clock: Clock;
  /** Those that serve at the moment. */
  readonly pools: () => readonly MeasuredPool[];
  /** Log lines that were lost because nothing read them. */
  readonly logLinesDropped: () => number;
  /** Whether what is shared with other replicas arrives; undefined where nothing is. */
  readonly isSharing: () => boolean | undefined;
  /** Of the program. */
  readonly version: string;
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
  const { counters, clock } = dependencies;
  const node = new NodeMetrics();
  return {
    contentType: CONTENT_TYPE,
    async text() {
      const pools = dependencies.pools();
      const own = [
        ...requestFamilies(counters, pools),
        ...processFamilies(counters, dependencies),
        ...upstreamFamilies(counters, pools, clock),
      ];
      return write([...own, ...(await node.families())]);
    },
  };
}

function processFamilies(counters: Counters, dependencies: MetricsDependencies): Family[] {
  const { logLinesDropped, version } = dependencies;
  const { begun, ended } = counters.overloads;
  return [
    ...sharingFamilies(dependencies.isSharing()),
    {
      name: 'rpc_lb_alerts_total',
      type: 'counter',
      help: 'Alerts sent to the operators, counted for each notifier.',
      samples: tallied(counters.alerts, 'kind'),
    },
    {
      name: 'rpc_lb_alerts_lost_total',
      type: 'counter',
      help: 'Alerts that a notifier has given up or dropped.',
      samples: tallied(counters.alertsLost, 'notifier'),
    },
    {
      name: 'rpc_lb_log_lines_dropped_total',
      type: 'counter',
      help: 'Log lines that were lost, because nobody read them.',
      samples: [{ value: logLinesDropped() }],
    },
    {
      name: 'rpc_lb_overloads_total',
      type: 'counter',
      help: 'How often the process was so late that it began to refuse new requests.',
      samples: [{ value: begun }],
    },
    {
      name: 'rpc_lb_overloaded',
      type: 'gauge',
      help: '1 while the process runs so late that it refuses new requests.',
      samples: [{ value: begun - ended }],
    },
    {
      name: 'rpc_lb_info',
      type: 'gauge',
      help: 'Always 1: which version runs.',
      samples: [{ labels: { version }, value: 1 }],
    },
  ];
}

function sharingFamilies(isSharing: boolean | undefined): Family[] {
  if (isSharing === undefined) return [];
  return [
    {
      name: 'rpc_lb_sharing_up',
      type: 'gauge',
      help: '1 while what this replica shares with others through Redis arrives; absent without REDIS_URL.',
      samples: [{ value: isSharing ? 1 : 0 }],
    },
  ];
}
