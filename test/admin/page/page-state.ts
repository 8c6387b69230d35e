/** What the daemon tells the live page, made up. */

import type { About, History, Initial, PageEvent, Row } from '../../../src/admin/page/contract.js';
import { Store } from '../../../src/admin/page/store.js';

export const NOW = '2026-11-26T12:00:00.000Z';

export function row(name: string, more: Partial<Row> = {}): Row {
  return {
    name,
    url: `https://${name}.example`,
    tier: 'primary',
    state: 'usable',
    reason: null,
    until: null,
    uptime: '00h:05m:00s',
    connections: 0,
    requests: 1,
    failures: 0,
    failures_by_reason: {},
    weight: 1,
    chain_id: null,
    block_height: null,
    lagging: false,
    budget: null,
    limits: { logs_range: null, batch: null },
    slow: false,
    memory_usage: null,
    latency_ms: { p50: null, p95: null, p99: null },
    ...more,
  };
}

export function out(name: string, more: Partial<Row> = {}): Row {
  return row(name, { state: 'quarantined', reason: 'timeout', ...more });
}

let events = 0;

export function event(
  type: string,
  upstream: string,
  time: string,
  more: Partial<PageEvent> = {},
): PageEvent {
  events += 1;
  return {
    id: events,
    time,
    since: time,
    count: 1,
    type,
    upstream,
    text: '',
    level: 'bad',
    ...(type === 'upstream-quarantined' || type === 'upstream-down' ? { out: 'long' } : {}),
    ...(type === 'upstream-released' || type === 'upstream-up' ? { out: 'over', level: 'good' } : {}),
    ...more,
  };
}

/** Numbers of the last seconds, each so many seconds ago. */
export function ago(numbers: Readonly<Record<number, number>>): number[] {
  return Array.from({ length: 900 }, (_, n) => numbers[899 - n] ?? 0);
}

export interface Told {
  readonly rows: Row[];
  readonly pools?: string[];
  readonly events?: PageEvent[];
  /** By pool: the numbers of the last seconds. */
  readonly requests?: Readonly<Record<string, { requests: number[]; good: number[] }>>;
}

export function initial({ rows, pools = ['default'], events = [], requests = {} }: Told): Initial {
  const about: About = {
    version: '1',
    env: null,
    host: 'here',
    notifiers: [],
    strategies: ['shuffle'],
    pools: pools.map((pool) => ({ pool, strategy: 'shuffle', path: `/${pool}` })),
    now: NOW,
  };
  const history: History = {
    now: NOW,
    to: NOW,
    step_ms: 1_000,
    slots: 900,
    pools: pools.map((pool) => ({ pool, requests: [], good: [], p50_ms: [], p99_ms: [], ...requests[pool] })),
    upstreams: rows.map(({ name, pool = 'default' }) => ({
      pool,
      name,
      attempts: [],
      failures: [],
      p50_ms: [],
    })),
    events,
  };
  return { stats: rows, history, about };
}

/** With a browser's clock that is a minute ahead of the daemon's. */
export function store(told: Told): Store {
  return new Store(initial(told), () => Date.parse(NOW) + 60_000);
}

/** The time of a sentence, in the zone of whoever runs the test. */
export function local(iso: string): string {
  return new Date(iso).toTimeString().slice(0, 8);
}
