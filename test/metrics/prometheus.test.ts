import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  Announcer,
  ATTEMPT_RESULTS,
  type AttemptResult,
  PoolIdentity,
  REQUEST_RESULTS,
  type RequestResult,
} from '../../src/events.ts';
import { Counters } from '../../src/metrics/counters.ts';
import { createMetrics } from '../../src/metrics/prometheus.ts';
import { Budgets } from '../../src/pacing/budget.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { readExposition } from '../support/exposition.ts';
import { upstream } from '../support/upstreams.ts';
import { Pool } from '../upstreams/pool.ts';

function setUp(names = 'ABc', urls: Readonly<Record<string, string>> = {}) {
  const pool = new Pool(names, 'auto', urls);
  const [first] = pool.registry.all;
  if (first) first.budget = new Budgets().of({ rps: 10 }, true);
  const announcer = new Announcer();
  const inFlight = { now: 0 };
  const dropped = { lines: 0 };
  const sharing: { isUp: boolean | undefined } = { isUp: undefined };
  const { registry, availability } = pool;
  const identity = new PoolIdentity('default');
  const usage = {
    get underWay() {
      return inFlight.now;
    },
  };
  const measured = { identity, registry, availability, usage, queue: [], onlookers: [] };
  const counters = new Counters(['all-upstreams-failed', 'credentials'], ['slack']);
  announcer.listen((event) => counters.hear(event));
  const metrics = createMetrics({
    counters,
    pools: () => [measured],
    logLinesDropped: () => dropped.lines,
    isSharing: () => sharing.isUp,
    clock: pool.clock,
    version: '1.2.3',
  });
  const attempt = (of: Upstream, result: AttemptResult, durationMs = 10, tunnel = false) =>
    announcer.announce({
      type: 'attempt-finished',
      id: 'x',
      upstream: of.identity,
      result,
      tunnel,
      durationMs,
    });
  const request = (result: RequestResult, durationMs = 10, status = 200, rpcMethod = 'seCret') =>
    announcer.announce({
      type: 'request-finished',
      pool: identity,
      id: 'seCret',
      clientAddress: 'seCret',
      clientName: 'seCret',
      method: 'seCret',
      path: '/seCret',
      rpcMethod,
      result,
      status,
      code: undefined,
      upstream: undefined,
      primariesOut: false,
      attempts: 1,
      queuedMs: 0,
      durationMs,
    });
  const read = async () => readExposition(await metrics.text());
  /** One number. */
  const value = async (sample: string) => {
    const [family = ''] = sample.replace(/_(bucket|sum|count)(?=\{|$)/, '').split('{');
    return (await read()).get(family)?.samples.get(sample);
  };
  return { pool, announcer, inFlight, dropped, sharing, metrics, attempt, request, read, value };
}

describe('the metrics', () => {
  it('are all there from the beginning, at 0', async () => {
    const { read, pool } = setUp();
    const families = await read();
    expect(families.get('rpc_lb_requests_total')?.samples.size).toBe(REQUEST_RESULTS.length);
    expect(families.get('rpc_lb_attempts_total')?.samples.size).toBe(
      ATTEMPT_RESULTS.length * pool.registry.all.length,
    );
    expect(families.get('rpc_lb_alerts_total')?.samples).toEqual(
      new Map([
        ['rpc_lb_alerts_total{kind="all-upstreams-failed"}', 0],
        ['rpc_lb_alerts_total{kind="credentials"}', 0],
      ]),
    );
    for (const [name, { samples }] of families) {
      if (!name.startsWith('rpc_lb_') || /^rpc_lb_(?:upstream_state|budget_rps|.*info)$/.test(name)) continue;
      expect([...samples.values()].every((each) => each === 0)).toBe(true);
    }
  });

  it('count requests by how they ended', async () => {
    const { request, value } = setUp();
    for (const result of REQUEST_RESULTS) request(result);
    request('failed');
    expect(await value('rpc_lb_requests_total{outcome="failed"}')).toBe(2);
    expect(await value('rpc_lb_requests_total{outcome="client-left"}')).toBe(1);
    expect(await value('rpc_lb_request_duration_seconds_count')).toBe(6);
  });

  it('count attempts by upstream and by how they ended', async () => {
    const { attempt, value, pool } = setUp();
    for (const result of ATTEMPT_RESULTS) attempt(pool.of('A'), result);
    attempt(pool.of('A'), 'timeout');
    attempt(pool.of('c'), 'answered');
    expect(await value('rpc_lb_attempts_total{outcome="timeout",upstream="A"}')).toBe(2);
    expect(await value('rpc_lb_attempts_total{outcome="answered",upstream="A"}')).toBe(1);
    expect(await value('rpc_lb_attempts_total{outcome="answered",upstream="B"}')).toBe(0);
    expect(await value('rpc_lb_attempts_total{outcome="answered",upstream="c"}')).toBe(1);
    // Answered, inconclusive and twice timed out.
    expect(await value('rpc_lb_attempt_duration_seconds_count{upstream="A"}')).toBe(4);
  });

  it('put durations into the buckets up to their bounds, and sum them up in seconds', async () => {
    const { request, value } = setUp();
    for (const ms of [1, 1.1, 30_000, 30_001]) request('answered', ms);
    const bucket = (le: string) => value(`rpc_lb_request_duration_seconds_bucket{le="${le}"}`);
    expect(await bucket('0.001')).toBe(1);
    expect(await bucket('0.0025')).toBe(2);
    expect(await bucket('10')).toBe(2);
    expect(await bucket('30')).toBe(3);
    expect(await bucket('+Inf')).toBe(4);
    expect(await value('rpc_lb_request_duration_seconds_sum')).toBeCloseTo(60.0031, 6);
  });

  it('leave out how long a tunnel lasted and how long its handshake took', async () => {
    const { attempt, request, value, pool } = setUp();
    attempt(pool.of('A'), 'answered', 10, true);
    request('answered', 86_400_000, 101);
    expect(await value('rpc_lb_attempts_total{outcome="answered",upstream="A"}')).toBe(1);
    expect(await value('rpc_lb_requests_total{outcome="answered"}')).toBe(1);
    expect(await value('rpc_lb_attempt_duration_seconds_count{upstream="A"}')).toBe(0);
    expect(await value('rpc_lb_request_duration_seconds_count')).toBe(0);
  });

  it('tell the state of each upstream at this moment', async () => {
    const { pool, read } = setUp();
    pool.quarantine.add(pool.of('A'), { reason: 'timeout' });
    pool.down('B');
    const states = async () =>
      [...((await read()).get('rpc_lb_upstream_state')?.samples ?? [])]
        .filter(([, now]) => now === 1)
        .map(([key]) => key.replace(/.*state="(.*)",upstream="(.*)".*/, '$2 $1'));
    expect(await states()).toEqual(['A quarantined', 'B down', 'c usable']);
    pool.clock.advance(6_000);
    pool.up('B');
    pool.drain('c');
    expect(await states()).toEqual(['A usable', 'B usable', 'c draining']);
    expect((await read()).get('rpc_lb_upstream_state')?.samples.size).toBe(12);
  });

  it('tell why an upstream is out, and until when, while it is', async () => {
    const { pool, read } = setUp();
    pool.quarantine.add(pool.of('A'), { reason: 'timeout' });
    pool.down('B');
    pool.drain('c');
    const samples = async (name: string) => [...((await read()).get(name)?.samples ?? [])];
    expect(await samples('rpc_lb_upstream_out')).toEqual([
      ['rpc_lb_upstream_out{reason="timeout",upstream="A"}', 1],
      ['rpc_lb_upstream_out{reason="probe-failed",upstream="B"}', 1],
    ]);
    const [[key, end = 0] = []] = await samples('rpc_lb_upstream_quarantine_end_timestamp_seconds');
    expect(key).toBe('rpc_lb_upstream_quarantine_end_timestamp_seconds{upstream="A"}');
    expect(end - pool.clock.wallMs() / 1_000).toBeGreaterThan(4);
    expect(end - pool.clock.wallMs() / 1_000).toBeLessThan(6);
    pool.clock.advance(6_000);
    pool.up('B');
    expect(await samples('rpc_lb_upstream_out')).toEqual([]);
    expect(await samples('rpc_lb_upstream_quarantine_end_timestamp_seconds')).toEqual([]);
  });

  it('tell what is known of an upstream’s limits and of its chain, and nothing that is not known', async () => {
    const { pool, value } = setUp();
    const a = pool.of('A');
    a.capacities.batch.refused(20, 10, pool.clock);
    a.blockHeight = 1_000;
    a.lagging = { sinceMs: 0 };
    a.inFlight = 3;
    expect(await value('rpc_lb_upstream_size_limit{limit="batch",upstream="A"}')).toBe(10);
    expect(await value('rpc_lb_upstream_size_limit{limit="logs_range",upstream="A"}')).toBeUndefined();
    expect(await value('rpc_lb_upstream_block_height{upstream="A"}')).toBe(1_000);
    expect(await value('rpc_lb_upstream_block_height{upstream="B"}')).toBeUndefined();
    expect(await value('rpc_lb_upstream_lagging{upstream="A"}')).toBe(1);
    expect(await value('rpc_lb_upstream_lagging{upstream="B"}')).toBe(0);
    expect(await value('rpc_lb_inflight_attempts{upstream="A"}')).toBe(3);
    expect(await value('rpc_lb_budget_rps{upstream="A"}')).toBe(10);
    expect(await value('rpc_lb_budget_used_ratio{upstream="A"}')).toBe(0);
    expect(await value('rpc_lb_budget_used_ratio{upstream="B"}')).toBeUndefined();
    expect(await value('rpc_lb_upstream_info{tier="primary",upstream="A"}')).toBe(1);
    expect(await value('rpc_lb_upstream_info{tier="fallback",upstream="c"}')).toBe(1);
  });

  it('tell the version, and whether the process is overloaded and how often it was', async () => {
    const { announcer, value } = setUp();
    announcer.announce({ type: 'overload-began', lagMs: 700 });
    announcer.announce({ type: 'overload-ended', durationMs: 3_000 });
    announcer.announce({ type: 'overload-began', lagMs: 700 });
    expect(await value('rpc_lb_overloads_total')).toBe(2);
    expect(await value('rpc_lb_overloaded')).toBe(1);
    announcer.announce({ type: 'overload-ended', durationMs: 3_000 });
    expect(await value('rpc_lb_overloaded')).toBe(0);
    expect(await value('rpc_lb_info{version="1.2.3"}')).toBe(1);
  });

  it('tell whether what is shared arrives, where something is', async () => {
    const { sharing, value, read } = setUp();
    expect([...(await read()).keys()]).not.toContain('rpc_lb_sharing_up');
    sharing.isUp = true;
    expect(await value('rpc_lb_sharing_up')).toBe(1);
    sharing.isUp = false;
    expect(await value('rpc_lb_sharing_up')).toBe(0);
  });

  it('count requests by method, unknown methods together', async () => {
    const { request, value, read } = setUp();
    for (const method of ['eth_call', 'eth_call', 'batch', 'eth_odd', 'constructor', '__proto__'])
      request('answered', 10, 200, method);
    request('failed', 10, 200, 'eth_call');
    const of = (method: string, outcome: string) =>
      value(`rpc_lb_method_requests_total{method="${method}",outcome="${outcome}"}`);
    expect(await of('eth_call', 'answered')).toBe(2);
    expect(await of('eth_call', 'failed')).toBe(1);
    expect(await of('batch', 'answered')).toBe(1);
    expect(await of('other', 'answered')).toBe(3);
    expect((await read()).get('rpc_lb_method_requests_total')?.samples.size).toBe(3 * REQUEST_RESULTS.length);
  });

  it('spell what is no number as Prometheus does, also when nothing was measured', async () => {
    const { metrics } = setUp();
    await metrics.text();
    // Nothing was measured in between: the mean is no number.
    expect(await metrics.text()).not.toMatch(/ (?!NaN$)nan$/im);
  });

  it('tell the requests in flight, and count alerts by kind', async () => {
    const { inFlight, dropped, announcer, value } = setUp();
    inFlight.now = 7;
    dropped.lines = 3;
    announcer.announce({ type: 'alert-sent', notifier: 'slack', kind: 'credentials', severity: 'warning' });
    announcer.announce({
      type: 'alert-failed',
      notifier: 'slack',
      kind: 'credentials',
      severity: 'warning',
      problem: 'x',
    });
    expect(await value('rpc_lb_alerts_lost_total{notifier="slack"}')).toBe(0);
    announcer.announce({
      type: 'alert-lost',
      notifier: 'slack',
      kind: 'credentials',
      severity: 'warning',
      problem: 'x',
    });
    expect(await value('rpc_lb_alerts_lost_total{notifier="slack"}')).toBe(1);
    expect(await value('rpc_lb_inflight_requests')).toBe(7);
    expect(await value('rpc_lb_alerts_total{kind="credentials"}')).toBe(1);
    expect(await value('rpc_lb_log_lines_dropped_total')).toBe(3);
  });

  it('say nothing of an upstream that was removed, nor of its namesake what it did', async () => {
    const { pool, attempt, metrics, value } = setUp();
    const removed = pool.of('B');
    attempt(removed, 'answered');
    pool.registry.remove(removed);
    attempt(removed, 'answered');
    expect(await metrics.text()).not.toContain('upstream="B"');
    pool.registry.add(upstream('B'));
    attempt(removed, 'answered');
    expect(await value('rpc_lb_attempts_total{outcome="answered",upstream="B"}')).toBe(0);
  });

  it('hold nothing that came from a client or out of a URL', async () => {
    const { request, metrics } = setUp('A', { A: 'https://user:seCret@a.example/seCret?k=seCret' });
    request('answered');
    expect(await metrics.text()).not.toContain('seCret');
  });

  it('have Node’s own behind them, under their usual names, from the first question on', async () => {
    const { read, metrics } = setUp();
    const [first] = await Promise.all([read(), read()]);
    for (const name of [
      'process_resident_memory_bytes',
      'nodejs_eventloop_lag_seconds',
      'nodejs_version_info',
    ])
      expect([...first.keys()]).toContain(name);
    expect([...(await read()).keys()]).toEqual([...first.keys()]);
    expect(metrics.contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  });

  it('are those that docs/metrics.md lists', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
    const listed = [
      ...page.matchAll(/^\| `(rpc_lb_[a-z_]+)(?:\{([a-z,]+)\})?` +\| (counter|gauge|histogram) /gm),
    ];
    const onPage = listed.map(
      ([, name, labels = '', type]) => `${type} ${name}{${labels.split(',').sort()}}`,
    );
    const { pool, sharing, read } = setUp();
    const a = pool.of('A');
    // What is not told before it is known.
    sharing.isUp = true;
    a.blockHeight = 1_000;
    a.capacities.batch.refused(20, 10, pool.clock);
    pool.quarantine.add(a, { reason: 'timeout' });
    const families = [...(await read())].filter(([name]) => name.startsWith('rpc_lb_'));
    const inText = families.map(([name, { type, samples }]) => {
      const [key = ''] = samples.keys();
      const labels = [...key.matchAll(/([a-z]+)="/g)]
        .map(([, label]) => label)
        .filter((label) => label !== 'le');
      return `${type} ${name}{${labels.sort()}}`;
    });
    expect(onPage.length).toBeGreaterThan(0);
    expect(onPage.sort()).toEqual(inText.sort());
  });
});
