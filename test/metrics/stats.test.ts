import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/metrics/counters.ts';
import { Latencies } from '../../src/metrics/latencies.ts';
import { formatUptime, readStats } from '../../src/metrics/stats.ts';
import { Budgets } from '../../src/pacing/budget.ts';
import { Pool } from '../upstreams/pool.ts';

function stats(pool: Pool, latencies = new Latencies(pool.clock), counters = new Counters([], [])) {
  const { registry, availability, clock } = pool;
  return readStats({ registry, availability, latencies, counters, clock, queue: { waitingFor: () => 4 } });
}
const row = (pool: Pool, name: string) => stats(pool).find((each) => each.name === name);

describe('the rows of /stats', () => {
  it('are one for each upstream, primaries first', () => {
    const pool = new Pool('ABab');
    expect(stats(pool).map(({ name, tier }) => [name, tier])).toEqual([
      ['A', 'primary'],
      ['B', 'primary'],
      ['a', 'fallback'],
      ['b', 'fallback'],
    ]);
  });

  it('tell of a budget only where something limits it', () => {
    const pool = new Pool('ABC');
    pool.of('A').budget = new Budgets().of({ rps: 10 }, true);
    pool.of('B').budget = new Budgets().of({}, true);
    const budget = { rps: 10, source: 'rps', used: 0, waiting: 4 };
    expect(stats(pool).map((each) => each.budget)).toEqual([budget, null, null]);
  });

  it('tell what an upstream is and what it did', () => {
    const pool = new Pool('A');
    Object.assign(pool.of('A'), { weight: 3, inFlight: 2, attempts: 10, failures: 4, connectionsOpened: 5 });
    pool.clock.advance(323_999);
    expect(stats(pool)).toMatchObject([
      {
        name: 'A',
        url: 'http://a.example',
        tier: 'primary',
        alive: true,
        state: 'usable',
        reason: null,
        until: null,
        uptime: '00h:05m:23s',
        connections: 2,
        connections_opened: 5,
        requests: 10,
        failures: 4,
        weight: 3,
        probe_calls: 0,
        chain_id: null,
        block_height: null,
        lagging: false,
        memory_usage: null,
        latency_ms: { p50: null, p95: null, p99: null },
      },
    ]);
  });

  it('tell what checks have cost and found', () => {
    const pool = new Pool('A');
    const lagging = { sinceMs: pool.clock.monotonicMs() };
    Object.assign(pool.of('A'), { probeCalls: 7, chainId: '137', blockHeight: 436, lagging });
    expect(row(pool, 'A')).toMatchObject({
      state: 'usable',
      probe_calls: 7,
      chain_id: '137',
      block_height: 436,
      lagging: true,
    });
  });

  it.each([
    [0, '0.0 MB'],
    [1_258_291, '1.2 MB'],
    [2 ** 30, '1024.0 MB'],
  ])('tell the memory of an upstream that says %d bytes as %s, while it is up', (bytes, text) => {
    const pool = new Pool('A');
    pool.of('A').memoryBytes = bytes;
    expect(row(pool, 'A')?.memory_usage).toBe(text);
    pool.down('A');
    expect(row(pool, 'A')?.memory_usage).toBeNull();
  });

  it('tell how long the answers of the last minutes took', () => {
    const pool = new Pool('AB');
    const latencies = new Latencies(pool.clock);
    const { identity: upstream } = pool.of('A');
    latencies.hear({
      type: 'attempt-finished',
      id: 'x',
      upstream,
      result: 'answered',
      tunnel: false,
      durationMs: 20,
    });
    const [a, b] = stats(pool, latencies);
    expect(a?.latency_ms).toEqual({
      p50: a?.latency_ms?.p50,
      p95: a?.latency_ms?.p50,
      p99: a?.latency_ms?.p50,
    });
    expect(Math.abs((a?.latency_ms?.p50 ?? 0) - 20)).toBeLessThan(0.4);
    expect(b?.latency_ms).toEqual({ p50: null, p95: null, p99: null });
  });

  it('say why an upstream is quarantined, and until when as a date', () => {
    const pool = new Pool('A');
    pool.quarantine.add(pool.of('A'), { reason: 'timeout' });
    pool.clock.advance(1_000);
    expect(row(pool, 'A')).toMatchObject({
      alive: true,
      state: 'quarantined',
      reason: 'timeout',
      until: new Date(pool.clock.wallMs() + 4_000).toISOString(),
    });
    pool.clock.advance(4_000);
    expect(row(pool, 'A')).toMatchObject({ state: 'usable', reason: null, until: null });
  });

  it('say that a probe holds an upstream for dead; its uptime begins anew when it is back', () => {
    const pool = new Pool('A');
    pool.clock.advance(60_000);
    pool.down('A');
    expect(row(pool, 'A')).toMatchObject({
      alive: false,
      state: 'down',
      reason: 'probe-failed',
      until: null,
      uptime: '00h:00m:00s',
    });
    pool.up('A');
    pool.of('A').upSinceMs = pool.clock.monotonicMs();
    pool.clock.advance(1_000);
    expect(row(pool, 'A')).toMatchObject({ alive: true, state: 'usable', uptime: '00h:00m:01s' });
  });

  it('say that an operator drains an upstream', () => {
    const pool = new Pool('A');
    pool.drain('A');
    expect(row(pool, 'A')).toMatchObject({ alive: true, state: 'draining', reason: null, until: null });
  });

  it('show scheme, host and port of a URL, and nothing else of it', () => {
    const pool = new Pool('A', 'auto', { A: 'https://user:SECRET@a.example:8545/SECRET?k=SECRET' });
    expect(row(pool, 'A')?.url).toBe('https://a.example:8545');
    expect(JSON.stringify(stats(pool))).not.toContain('SECRET');
  });
});

describe('docs/metrics.md', () => {
  it('explains every field of a row', () => {
    const page = readFileSync(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
    const explained = [...page.matchAll(/^\| (.*?) \|/gm)].map(([, cell]) => cell).join('\n');
    const fields = Object.keys(row(new Pool('A'), 'A') ?? {});
    expect(fields.length).toBeGreaterThan(15);
    expect(fields.filter((field) => !explained.includes(`\`${field}\``))).toEqual([]);
  });
});

describe('an uptime', () => {
  it.each([
    [0, '00h:00m:00s'],
    [999, '00h:00m:00s'],
    [1_000, '00h:00m:01s'],
    [59_999, '00h:00m:59s'],
    [60_000, '00h:01m:00s'],
    [3_599_999, '00h:59m:59s'],
    [3_600_000, '01h:00m:00s'],
    [86_400_000, '24h:00m:00s'],
    [360_000_000, '100h:00m:00s'],
    [-5, '00h:00m:00s'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatUptime(ms)).toBe(text);
  });
});
