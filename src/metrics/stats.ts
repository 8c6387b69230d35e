/** The rows of `/stats`. */

import type { Clock } from '../clock.ts';
import type { Tier } from '../events.ts';
import type { Availability, Standing } from '../upstreams/availability.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Latencies, Percentiles } from './latencies.ts';

const NOT_MEASURED = { p50: null, p95: null, p99: null } as const;

export interface BudgetStats {
  /** Calls a second. */
  readonly rps: number;
  readonly source: 'learnt' | 'rps' | 'headers';
  /** The part of it that is in use, from 0 to 1. */
  readonly used: number;
  /** Requests that wait for it. */
  readonly waiting: number;
}

/** One row of `/stats`. The names are part of the contract with operators. */
export interface UpstreamStats {
  /** Where there are several pools. */
  readonly pool?: string;
  readonly name: string;
  /** Scheme, host and port only. */
  readonly url: string;
  readonly tier: Tier;
  /** No probe considers it dead. */
  readonly alive: boolean;
  readonly state: Standing['state'];
  readonly reason: string | null;
  /** When a quarantine ends, as an ISO date. */
  readonly until: string | null;
  /** Since it came up or was added: `00h:05m:23s`. */
  readonly uptime: string;
  /** Attempts under way. */
  readonly connections: number;
  /** Connections opened to carry attempts; far fewer than `requests` while connections are reused. */
  readonly connections_opened: number;
  /** Attempts sent. */
  readonly requests: number;
  readonly failures: number;
  readonly weight: number;
  /** Calls that health checks made. */
  readonly probe_calls: number;
  /** In decimal; null until an `rpc` check has asked for it. */
  readonly chain_id: string | null;
  /** The number of the newest block that it is known to have. */
  readonly block_height: number | null;
  /** It is asked after the others of its tier. */
  readonly lagging: boolean;
  /** What it may be sent; null when nothing limits it, or its limit is not known yet. */
  readonly budget: BudgetStats | null;
  /** What it takes at once, as far as it was learnt: blocks in a range of eth_getLogs, calls in a batch. */
  readonly limits: { readonly logs_range: number | null; readonly batch: number | null };
  /** It is silent, or much slower than the others, and asked after them, for some kinds of calls at least. */
  readonly slow: boolean;
  /** What the upstream reports of its own process; null when it reports nothing. `1.2 MB`, of 2^20 bytes. */
  readonly memory_usage: string | null;
  /** How long answers took in the last minutes; each null when there were none. */
  readonly latency_ms: Percentiles | typeof NOT_MEASURED;
}

/** What the rows are read from. */
export interface StatsSource {
  readonly registry: Registry;
  readonly availability: Availability;
  readonly latencies: Latencies;
  readonly queue: { waitingFor(upstream: Upstream): number };
  readonly clock: Clock;
}

export function readStats(source: StatsSource): UpstreamStats[] {
  return source.registry.all.map((upstream) => rowOf(upstream, source));
}

export function rowOf(upstream: Upstream, source: StatsSource): UpstreamStats {
  const { availability, latencies, clock } = source;
  const standing = availability.standing(upstream);
  const { shown: pool } = upstream.identity.pool;
  return {
    ...(pool === undefined ? {} : { pool }),
    name: upstream.name,
    url: upstream.origin,
    tier: upstream.tier,
    alive: upstream.down === undefined,
    state: standing.state,
    ...whyOut(standing, clock),
    uptime: formatUptime(upstream.down ? 0 : clock.monotonicMs() - upstream.upSinceMs),
    connections: upstream.inFlight,
    connections_opened: upstream.connectionsOpened,
    requests: upstream.attempts,
    failures: upstream.failures,
    weight: upstream.weight,
    probe_calls: upstream.probeCalls,
    chain_id: upstream.chainId ?? null,
    block_height: upstream.blockHeight ?? null,
    lagging: upstream.lagging !== undefined,
    budget: budgetRow(upstream, source),
    limits: limitsOf(upstream, clock),
    slow: upstream.slow !== undefined,
    memory_usage: memoryOf(upstream),
    latency_ms: latencies.of(upstream.identity) ?? NOT_MEASURED,
  };
}

function whyOut(standing: Standing, clock: Clock): Pick<UpstreamStats, 'reason' | 'until'> {
  switch (standing.state) {
    case 'quarantined': {
      const untilMs = clock.wallMs() + standing.untilMs - clock.monotonicMs();
      return { reason: standing.reason, until: new Date(untilMs).toISOString() };
    }
    case 'down':
      return { reason: standing.reason, until: null };
    case 'usable':
    case 'draining':
      return { reason: null, until: null };
    default:
      return standing satisfies never;
  }
}

function budgetRow(upstream: Upstream, { clock, queue }: StatsSource): BudgetStats | null {
  const budget = budgetOf(upstream, clock);
  return budget ? { ...budget, waiting: queue.waitingFor(upstream) } : null;
}

/** What an upstream may be sent; undefined while nothing limits it, or its limit is not known. */
export function budgetOf({ budget }: Upstream, clock: Clock): Omit<BudgetStats, 'waiting'> | undefined {
  const pacer = budget?.pacer;
  const rps = pacer?.rps();
  if (!pacer?.source || rps === undefined) return undefined;
  const used = Math.round(pacer.used(clock.monotonicMs()) * 100) / 100;
  return { rps: significant(rps), source: pacer.source, used };
}

/** What an upstream takes at once, as far as it was learnt. */
export function limitsOf({ capacities }: Upstream, clock: Clock): UpstreamStats['limits'] {
  return {
    logs_range: capacities.logsRange.shown(clock) ?? null,
    batch: capacities.batch.shown(clock) ?? null,
  };
}

/** Of a rate, three digits. */
function significant(value: number): number {
  return Number(value.toPrecision(3));
}

function memoryOf({ memoryBytes, down }: Upstream): string | null {
  return memoryBytes === undefined || down ? null : `${(memoryBytes / 2 ** 20).toFixed(1)} MB`;
}

/** Hours, minutes and seconds of a duration in milliseconds: `00h:05m:23s`. */
export function formatUptime(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(seconds / 3_600))}h:${two(Math.floor(seconds / 60) % 60)}m:${two(seconds % 60)}s`;
}
