/** Connects everything that counts and measures. */

import { Latencies } from '../metrics/latencies.ts';
import { createMetrics, type Metrics } from '../metrics/prometheus.ts';
import { readStats, rowOf, type UpstreamStats } from '../metrics/stats.ts';
import { ALERT_KINDS } from '../notifiers/notifier.ts';
import type { Pool } from '../pools/pool.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface Statistics {
  /** The rows of `/stats`. */
  stats(): readonly UpstreamStats[];
  row(upstream: Upstream): UpstreamStats;
  readonly metrics: Metrics;
  /** Requests that have begun and not ended; a tunnel ends when it is closed. Written by the request handler. */
  readonly underWay: { requests: number };
}

export function createStatistics(pool: Pool, logLinesDropped: () => number): Statistics {
  const { announcer, clock } = pool.runtime;
  const latencies = new Latencies(clock);
  announcer.listen((event) => latencies.hear(event));
  const { registry, availability, queue, onlookers } = pool;
  const source = { registry, availability, latencies, clock, queue };
  const underWay = { requests: 0 };
  return {
    stats: () => readStats(source),
    row: (upstream) => rowOf(upstream, source),
    metrics: createMetrics({
      registry,
      availability,
      announcer,
      alertKinds: ALERT_KINDS,
      inFlight: () => underWay.requests,
      waiting: () => queue.length + onlookers.length,
      logLinesDropped,
    }),
    underWay,
  };
}
