/** Connects everything that counts and measures. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import { Counters } from '../metrics/counters.ts';
import { Latencies } from '../metrics/latencies.ts';
import { createMetrics, type Metrics } from '../metrics/prometheus.ts';
import { readStats, rowOf, type UpstreamStats } from '../metrics/stats.ts';
import { notifiers } from '../notifiers/index.ts';
import { ALERT_KINDS } from '../notifiers/notifier.ts';
import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Upstream } from '../upstreams/upstream.ts';

export interface Statistics {
  /** The rows of `/stats`, of one pool or of all. */
  stats(pool?: string): readonly UpstreamStats[];
  /** The rows of `/stats` of all pools, each read only when it is taken. */
  eachRow(): Iterable<UpstreamStats>;
  /** The row of an upstream that is in a list. */
  row(upstream: Upstream): UpstreamStats;
  readonly metrics: Metrics;
}

export interface StatisticsDependencies {
  /** Those that serve at the moment. */
  readonly pools: () => PoolTable;
  readonly clock: Clock;
  readonly announcer: Announcer;
  readonly logLinesDropped: () => number;
  /** Whether what is shared with other replicas arrives; undefined where nothing is. */
  readonly isSharing: () => boolean | undefined;
  /** Of the program. */
  readonly version: string;
}

export function createStatistics(dependencies: StatisticsDependencies): Statistics {
  const { pools, clock, announcer } = dependencies;
  const latencies = new Latencies(clock);
  const counters = new Counters(
    ALERT_KINDS,
    Object.values(notifiers).map(({ name }) => name),
  );
  announcer.listen((event) => {
    latencies.hear(event);
    counters.hear(event);
  });
  const sourceOf = (pool: Pool) => ({ ...pool, latencies, counters, clock });
  // Requests that no pool serves are counted, too, without a label.
  const measured = () => pools().measured;
  return {
    stats: (name) =>
      pools()
        .select(name)
        .flatMap((pool) => readStats(sourceOf(pool))),
    *eachRow() {
      for (const pool of pools().all) {
        const source = sourceOf(pool);
        for (const upstream of pool.registry.all) yield rowOf(upstream, source);
      }
    },
    row(upstream) {
      const pool = pools().find(upstream.identity.pool.name) ?? pools().nowhere;
      return rowOf(upstream, sourceOf(pool));
    },
    metrics: createMetrics({ ...dependencies, pools: measured, counters }),
  };
}
