// What the live page keeps of what it is told.
import { describe, expect, it } from 'vitest';
import { chartFigures } from '../../../src/admin/page/chart-data.js';
import { buckets, SECONDS, sum, together } from '../../../src/admin/page/series.js';
import { blockOf, lagOf, problemOf, trafficOf } from '../../../src/admin/page/upstream-facts.js';
import { event, initial, NOW, row, store } from './page-state.ts';

const figures = (second: number, requests: number) => ({
  to: new Date(Date.parse(NOW) + second * 1_000).toISOString(),
  pools: [{ pool: 'default', requests, good: requests, p50_ms: 2, p99_ms: 9, in_flight: 3, waiting: 1 }],
  upstreams: [{ pool: 'default', name: 'a', attempts: requests, failures: 1, p50_ms: 2 }],
  stats: [row('a')],
});
const at = (second: number) => new Date(Date.parse(NOW) + second * 1_000).toISOString();

describe('the store', () => {
  it('goes by the daemon’s clock', () => {
    const told = store({ rows: [row('a')] });
    expect(told.nowMs).toBe(Date.parse(NOW));
    told.update({ time: at(5), events: [] });
    expect(told.nowMs).toBe(Date.parse(NOW) + 5_000);
  });

  it('adds each second once, and leaves those that it missed unknown', () => {
    const told = store({ rows: [row('a')], requests: { default: { requests: [5], good: [5] } } });
    told.update({ time: at(1), events: [], figures: figures(1, 7) });
    told.update({ time: at(1), events: [], figures: figures(1, 7) });
    told.update({ time: at(4), events: [], figures: figures(4, 9) });
    const requests = told.pools.get('default')?.['requests'];
    expect([...(requests?.slice(-5) ?? [])]).toEqual([5, 7, Number.NaN, Number.NaN, 9]);
    expect(sum(requests, SECONDS)).toBe(21);
    expect([told.inFlight, told.waiting]).toEqual([3, 1]);
    told.update({ time: at(2_000), events: [], figures: figures(2_000, 1) });
    expect(sum(told.pools.get('default')?.['requests'], SECONDS)).toBe(1);
  });

  it('forgets upstreams and pools that are gone, and takes in new ones', () => {
    const told = store({ rows: [row('b')], pools: ['default', 'base'] });
    told.update({ time: at(1), events: [], figures: figures(1, 7) });
    expect([[...told.upstreams.keys()], [...told.pools.keys()]]).toEqual([['a'], ['default']]);
    expect(told.rows.map(({ name }) => name)).toEqual(['a']);
  });

  it('keeps the last hundred events, each once', () => {
    const known = Array.from({ length: 99 }, (_, n) => event('x', 'a', NOW, { text: `${n}`, id: n }));
    const told = store({ rows: [row('a')], events: known });
    const fresh = [
      event('x', 'a', NOW, { text: '98', id: 98 }),
      event('y', 'a', at(1), { text: 'new', id: 99 }),
      event('y', 'a', at(2), { text: 'newer', id: 100 }),
    ];
    told.update({ time: at(2), events: fresh });
    expect(told.events).toHaveLength(100);
    expect([told.events[0]?.text, told.events.at(-2)?.text, told.events.at(-1)?.text]).toEqual([
      '1',
      'new',
      'newer',
    ]);
  });

  it('replaces an event that has repeated, and puts it last', () => {
    const told = store({
      rows: [row('a')],
      events: [event('x', 'a', NOW, { id: 1 }), event('y', 'a', NOW, { id: 2 })],
    });
    told.update({ time: at(1), events: [event('x', 'a', at(1), { id: 1, count: 2 })] });
    expect(told.events.map(({ id, count }) => [id, count])).toEqual([
      [2, 1],
      [1, 2],
    ]);
  });

  it('tells who listens, and since when there is no connection', () => {
    const told = store({ rows: [row('a')] });
    let changes = 0;
    told.listen(() => {
      changes += 1;
    });
    told.lost('');
    const since = told.lostAtMs;
    told.lost('because');
    expect([told.lostAtMs, told.lostBecause]).toEqual([since, 'because']);
    told.connected();
    told.replaceRow(row('a', { weight: 7 }));
    expect([told.lostAtMs, told.rows[0]?.weight, changes]).toEqual([undefined, 7, 4]);
  });

  it('takes a whole history in place of what it had', () => {
    const told = store({ rows: [row('a')], requests: { default: { requests: [5], good: [5] } } });
    told.replaceHistory(initial({ rows: [row('a')] }).history);
    expect(sum(told.pools.get('default')?.['requests'], SECONDS)).toBe(0);
  });
});

describe('figures of 15 minutes', () => {
  it('are put together in steps that keep their place while time goes on', () => {
    const [first, second] = [buckets(1_000, 5), buckets(1_001, 5)];
    expect(first.at(-1)).toEqual({ at: 1_000, from: 895, to: 900 });
    expect(second.at(-1)).toEqual({ at: 1_001, from: 899, to: 900 });
    expect(second.at(-2)).toEqual({ at: 1_000, from: 894, to: 899 });
    expect(first).toHaveLength(180);
  });

  it('of several pools are those of all', () => {
    const { pools } = store({
      rows: [],
      pools: ['a', 'b'],
      requests: { a: { requests: [30], good: [30] }, b: { requests: [10], good: [5] } },
    });
    for (const [pool, p50, p99] of [
      ['a', 2, 50],
      ['b', 6, 20],
    ] as const) {
      pools.get(pool)?.['p50_ms']?.fill(p50, SECONDS - 1);
      pools.get(pool)?.['p99_ms']?.fill(p99, SECONDS - 1);
    }
    const all = together([...pools.values()]);
    expect(['requests', 'good', 'p50_ms', 'p99_ms'].map((field) => all[field]?.at(-1))).toEqual([
      40, 35, 3, 50,
    ]);
  });

  it('are said in words, also when there are none', () => {
    const told = store({ rows: [], requests: { default: { requests: [10, 10], good: [10, 9] } } });
    const { charts, at: times } = chartFigures(told.pools.get('default') ?? {}, told.toS);
    expect(times).toHaveLength(charts.good.lines[0]?.length ?? 0);
    expect(charts.good.note.replaceAll('\u00a0', ' ')).toBe('95 %, 1 failed of 20, least 95 %');
    expect(charts.good.now.map((text) => text.replaceAll('\u00a0', ' '))).toEqual(['95 %']);
    const { requests } = chartFigures(store({ rows: [] }).pools.get('default') ?? {}, 1_000).charts;
    expect(requests.empty).toBe('No request in the last 15 minutes');
  });
});

describe('what is said of an upstream', () => {
  it('is its share of the last minute', () => {
    const told = store({ rows: [row('a'), row('b')] });
    told.upstreams.get('a')?.['attempts']?.fill(3, SECONDS - 10);
    told.upstreams.get('b')?.['attempts']?.fill(1, SECONDS - 10);
    expect(trafficOf(told.rows, told.upstreams).get('a')).toEqual({
      perSecond: 3,
      share: 0.75,
      attempts: 30,
      failures: 0,
    });
  });

  it('is how far it is behind those of its pool and chain', () => {
    const rows = [
      row('a', { block_height: 90, chain_id: '1' }),
      row('b', { block_height: 100, chain_id: '1' }),
      row('c', { block_height: 999, chain_id: '5' }),
      row('d'),
    ];
    expect(rows.map((each) => lagOf(each, rows))).toEqual([10, 0, 0, undefined]);
    const alone = [
      row('a', { block_height: 90, lagging: true }),
      row('b', { block_height: 100, state: 'down' }),
    ];
    expect(alone.map((each) => lagOf(each, alone))).toEqual([10, 0]);
  });

  it('is what is known of its block', () => {
    expect(blockOf(row('a', { block_height: 90 }), 0, true)).toEqual(['90', 'newest']);
    expect(blockOf(row('a', { block_height: 90, lagging: true }), 0, true)).toEqual(['90', 'behind']);
    expect(blockOf(row('a', { block_height: 90, chain_id: '1' }), 7, true)[1]).toBe('7 behind, chain\u00a01');
    expect(blockOf(row('a'), undefined, false)).toEqual(['–', 'not checked']);
    expect(blockOf(row('a'), undefined, true)).toEqual(['–', 'no answer to the check']);
  });

  it('is what its health check found wrong', () => {
    const text = 'a: b is down: eth_chainId: status 500';
    const events = [event('upstream-down', 'a: b', NOW, { text })];
    expect(problemOf(row('a: b', { state: 'down' }), events)).toBe('eth_chainId: status 500');
    expect(problemOf(row('a: b'), events)).toBe('');
    expect(problemOf(row('c', { state: 'down' }), events)).toBe('');
  });
});
