import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { LiveStreams } from '../../src/admin/live/live-streams.ts';
import { Overview } from '../../src/admin/live/overview.ts';
import { KEPT_EVENTS, RecentEvents } from '../../src/admin/live/recent-events.ts';
import { Streams } from '../../src/admin/streams.ts';
import { PoolIdentity, UpstreamIdentity } from '../../src/events.ts';
import { History } from '../../src/metrics/history.ts';
import { AdminClient } from '../support/admin-client.ts';
import { startApp } from '../support/app.ts';
import { refuseRate } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';
import { serveStreams } from './stream-server.ts';

const ASK = requestBytes('GET /events?live', ['Host: localhost']);

interface Update {
  readonly time: string;
  readonly events: readonly { readonly type: string; readonly text: string }[];
  readonly figures?: {
    readonly to: string;
    readonly pools: readonly object[];
    readonly upstreams: readonly object[];
    readonly stats: readonly object[];
  };
  readonly about?: object;
}

async function subscribe(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(ASK);
  await updatesOf(client, 1);
  return client;
}

/** What came so far, as soon as it is so much. */
function updatesOf(client: RawClient, count: number): Promise<Update[]> {
  return until(async () => {
    const { text } = await client.head();
    const updates = [...text.matchAll(/^event: update\ndata: (.*)\n\n/gm)].map(([, data = '']) =>
      JSON.parse(data),
    );
    return updates.length >= count ? updates : undefined;
  }, `${count} updates`);
}

/** The streams behind a server of their own, on a clock that stands still at the beginning of a second. */
async function alone(statsSize = 1) {
  const clock = new ManualClock(1_000, Date.UTC(2026, 0, 15, 12));
  const history = new History(clock);
  const recent = new RecentEvents(clock);
  const pool = { identity: new PoolIdentity('default'), registry: { all: [] }, usage: { underWay: 2 } };
  const strategy = { name: 'shuffle' };
  const overview = new Overview({
    clock,
    history,
    recent,
    // As much of a pool as is read.
    pools: () => ({ all: [{ ...pool, queue: [1], onlookers: [1, 2] }] }) as never,
    stats: () => ['x'.repeat(statsSize)],
    about: () => ({ version: '1', strategy: strategy.name }) as never,
  });
  const streams = new Streams(clock);
  const live = new LiveStreams({ clock, streams, overview, recent, time: history });
  const { port, refusals } = await serveStreams((request, response) => live.open(request, response));
  const tell = (strategyNow: string) =>
    recent.hear({ type: 'strategy-changed', pool: pool.identity, strategy: strategyNow });
  return { clock, recent, live, overview, port, refusals, strategy, tell };
}

describe('GET /history', () => {
  it('is read once a second, however many ask', async () => {
    const { clock, overview, tell } = await alone();
    const [one, other, page] = await Promise.all([
      overview.history(),
      overview.history(),
      overview.initial(),
    ]);
    expect(one[1]?.toString()).toContain('"upstreams":');
    expect(other[1]).toBe(one[1]);
    expect(page).toContain(one[1]);
    tell('random');
    const later = await overview.history();
    expect(later[1]).toBe(one[1]);
    expect(JSON.parse(Buffer.concat(later).toString()).events).toHaveLength(1);
    clock.advance(1_000);
    expect((await overview.history())[1]).not.toBe(one[1]);
  });

  it('has figures of pools and upstreams for each second, and the last events in plain words', async () => {
    const clock = new ManualClock();
    const second = await FakeUpstream.start('B');
    const first = await FakeUpstream.start('A');
    const running = await startApp({
      primaries: [`${first.url}/seCret name=a`],
      fallbacks: [`${second.url} name=b`],
      flags: ['--admin-port=0', '--error-time-to-live-minutes=5'],
      clock,
    });
    const admin = new AdminClient(running.adminUrl);
    await rpc(running.url, 'eth_blockNumber');
    first.next(refuseRate('60'));
    await rpc(running.url, 'eth_blockNumber');
    await http(running.url, { method: 'TRACE' });
    await admin.patch('/servers/b', { weight: 2 });
    clock.advance(2_000);
    const { status, text } = await admin.get('/history');
    expect(status).toBe(200);
    expect(text).not.toContain('seCret');
    const { now, to, step_ms, slots, pools, upstreams, events } = JSON.parse(text);
    expect([now, to, step_ms, slots]).toEqual([
      new Date(clock.wallMs()).toISOString(),
      new Date(Math.floor(clock.wallMs() / 1_000) * 1_000).toISOString(),
      1_000,
      900,
    ]);
    const at = (list: readonly unknown[]) => [list.length, list.at(-2), list.at(-1)];
    const [pool] = pools;
    expect([pool.pool, at(pool.requests), at(pool.good)]).toEqual(['default', [900, 2, 0], [900, 2, 0]]);
    expect([at(pool.p50_ms), at(pool.p99_ms)]).toEqual([
      [900, 0, null],
      [900, 0, null],
    ]);
    expect(upstreams).toMatchObject([
      { pool: 'default', name: 'a' },
      { pool: 'default', name: 'b' },
    ]);
    expect(
      upstreams.map(({ attempts, failures }: Record<string, unknown[]>) => [
        attempts?.at(-2),
        failures?.at(-2),
      ]),
    ).toEqual([
      [2, 1],
      [1, 0],
    ]);
    const time = expect.stringMatching(/^2026-01-15T12:00:0\d\.\d{3}Z$/);
    expect(events).toEqual([
      {
        id: expect.any(Number),
        time,
        since: time,
        count: 1,
        type: 'upstream-quarantined',
        text: 'a was rate-limited for 5 min',
        level: 'bad',
        out: 'long',
        pool: 'default',
        upstream: 'a',
      },
      {
        id: expect.any(Number),
        time,
        since: time,
        count: 1,
        type: 'upstream-changed',
        text: 'b was given the weight 2 by an operator',
        level: 'info',
        pool: 'default',
        upstream: 'b',
      },
    ]);
    expect((await admin.get('/stats')).json()).toMatchObject([
      { name: 'a', failures_by_reason: { 'rate-limited': 1 } },
      { name: 'b', failures_by_reason: {} },
    ]);
    expect((await admin.get('/metrics')).text).toContain(
      'rpc_lb_attempts_total{upstream="a",outcome="rate-limited"} 1',
    );
  });

  it('has empty lists for those without traffic, and names each pool', async () => {
    const upstream = await FakeUpstream.start();
    const flags = [
      '--admin-port=0',
      `--rpc-urls-base=${upstream.url} name=b`,
      '--fallback-rpc-urls-base=none',
    ];
    const { adminUrl } = await startApp({ primaries: [`${upstream.url} name=a`], flags });
    const { pools, upstreams } = JSON.parse((await http(`${adminUrl}/history`)).text);
    const empty = { requests: [], good: [], p50_ms: [], p99_ms: [] };
    expect(pools).toEqual([
      { pool: 'default', ...empty },
      { pool: 'base', ...empty },
    ]);
    expect(upstreams).toEqual([
      { pool: 'default', name: 'a', attempts: [], failures: [], p50_ms: [] },
      { pool: 'base', name: 'b', attempts: [], failures: [], p50_ms: [] },
    ]);
  });
});

describe('the recent events', () => {
  const upstream = new UpstreamIdentity('a', 'primary');
  const quarantined = {
    type: 'upstream-quarantined',
    upstream,
    reason: 'rate-limited',
    method: undefined,
    durationMs: 1_000,
  } as const;

  it('are a hundred, however many there are, and hold no announced object', () => {
    const recent = new RecentEvents(new ManualClock());
    for (let downMs = 1_000; downMs <= 1_000_000; downMs += 1_000)
      recent.hear({ type: 'upstream-up', upstream, downMs });
    const events = recent.after(0);
    expect([recent.total, events.length, events[0]?.text, events.at(-1)?.text]).toEqual([
      1_000,
      KEPT_EVENTS,
      'a is up again after 15 min 1 s',
      'a is up again after 16 min 40 s',
    ]);
    expect(recent.after(998)).toHaveLength(2);
    expect(events.every((event) => Object.values(event).every((value) => typeof value !== 'object'))).toBe(
      true,
    );
  });

  it('have repeats once, with their number, in the order in which they happened last', () => {
    const clock = new ManualClock();
    const recent = new RecentEvents(clock);
    const since = new Date(clock.wallMs()).toISOString();
    recent.hear(quarantined);
    recent.hear({ type: 'upstream-down', upstream, reason: 'probe-failed', problem: 'refused' });
    for (let n = 0; n < 1_000; n++) {
      clock.advance(100);
      recent.hear(quarantined);
    }
    const time = new Date(clock.wallMs()).toISOString();
    expect(recent.after(0)).toMatchObject([
      { id: 1, count: 1, text: 'a is down: refused', out: 'long' },
      {
        id: 0,
        count: 1_001,
        since,
        time,
        text: 'a was rate-limited for 1 s (1001 times in 2 min)',
        out: 'brief',
      },
    ]);
    expect(recent.after(1_001)).toHaveLength(1);
    expect(recent.after(1_002)).toEqual([]);
  });

  it('tell repeats apart by upstream, reason and method, and begin anew after a pause and after a while', () => {
    const clock = new ManualClock();
    const recent = new RecentEvents(clock);
    recent.hear(quarantined);
    recent.hear({ ...quarantined, upstream: new UpstreamIdentity('b', 'primary') });
    recent.hear({ ...quarantined, reason: 'reset' });
    recent.hear({ ...quarantined, method: 'eth_getLogs' });
    recent.hear({ ...quarantined, durationMs: 60_000 });
    expect(recent.after(0).map(({ count, out }) => [count, out])).toEqual([
      [1, 'brief'],
      [1, 'brief'],
      [1, 'brief'],
      [1, undefined],
      [1, 'long'],
    ]);
    clock.advance(121_000);
    recent.hear(quarantined);
    expect(recent.after(0)).toHaveLength(6);
    for (let n = 0; n < 16; n++) {
      clock.advance(60_000);
      recent.hear(quarantined);
    }
    expect(recent.after(0).map(({ count }) => count)).toEqual([1, 1, 1, 1, 1, 16, 1]);
  });
});

describe('GET /events?live', () => {
  it('begins with figures and facts, then tells what happens', async () => {
    const upstream = await FakeUpstream.start();
    const running = await startApp({
      primaries: [`${upstream.url}/seCret name=a`],
      flags: ['--admin-port=0', '--env=staging'],
    });
    const admin = new AdminClient(running.adminUrl);
    const client = await subscribe(running.app.adminAddress?.port ?? 0);
    const [first] = await updatesOf(client, 1);
    expect(first).toEqual({
      time: expect.any(String),
      events: [],
      figures: {
        to: expect.stringMatching(/\.000Z$/),
        pools: [
          { pool: 'default', requests: 0, good: 0, p50_ms: null, p99_ms: null, in_flight: 0, waiting: 0 },
        ],
        upstreams: [{ pool: 'default', name: 'a', attempts: 0, failures: 0, p50_ms: null }],
        stats: (await admin.get('/stats')).json(),
      },
      about: {
        version: '0.0.0',
        env: 'staging',
        host: expect.any(String),
        notifiers: [],
        strategies: expect.arrayContaining(['shuffle', 'peak-ewma']),
        pools: [{ pool: 'default', strategy: 'shuffle', path: '/' }],
        now: expect.any(String),
      },
    });
    await admin.put('/strategy', { strategy: 'round-robin' });
    const update = await until(
      async () => (await updatesOf(client, 2)).find(({ events }) => events.length > 0),
      'an event',
    );
    expect(update.events).toMatchObject([
      { text: 'the strategy is now round-robin', level: 'info', pool: 'default' },
    ]);
    expect(update.about).toMatchObject({ pools: [{ strategy: 'round-robin' }] });
    expect((await client.head()).text).not.toContain('seCret');
    await running.app.stop();
    expect((await client.response()).complete).toBe(true);
  });
});

describe('the live streams', () => {
  it('send figures once a second, events within a quarter of one, and nothing else', async () => {
    const { clock, port, tell, strategy } = await alone();
    const client = await subscribe(port);
    clock.advance(900);
    for (let i = 0; i < 50; i++) tell(`s${i}`);
    clock.advance(90);
    expect(await updatesOf(client, 1)).toHaveLength(1);
    clock.advance(20);
    const [, second] = await updatesOf(client, 2);
    expect([second?.events.length, second?.events[0]?.text]).toEqual([50, 'the strategy is now s0']);
    expect(second?.figures).toEqual({
      to: '2026-01-15T12:00:01.000Z',
      pools: [
        { pool: 'default', requests: 0, good: 0, p50_ms: null, p99_ms: null, in_flight: 2, waiting: 3 },
      ],
      upstreams: [],
      stats: ['x'],
    });
    expect(second).not.toHaveProperty('about');
    tell('t');
    strategy.name = 'other';
    clock.advance(250);
    const [, , third] = await updatesOf(client, 3);
    expect([third?.events.length, third?.figures, third?.about]).toEqual([
      1,
      undefined,
      { version: '1', strategy: 'other', now: expect.any(String) },
    ]);
    for (const count of [4, 5]) {
      clock.advance(1_000);
      await updatesOf(client, count);
    }
    clock.advance(1_000);
    const all = await updatesOf(client, 6);
    expect(all.map(({ figures }) => figures?.to.slice(17, 19))).toEqual([
      '00',
      '01',
      undefined,
      '02',
      '03',
      '04',
    ]);
  });

  it('send at most four messages a second, however much happens', async () => {
    const { clock, port, tell } = await alone();
    const client = await subscribe(port);
    clock.advance(10);
    for (let quarter = 0; quarter < 8; quarter++) {
      for (let i = 0; i < 20; i++) {
        tell(`s${quarter}-${i}`);
        clock.advance(12.5);
      }
      await updatesOf(client, quarter + 2);
    }
    const updates = await updatesOf(client, 9);
    expect(updates).toHaveLength(9);
    expect(updates.flatMap(({ events }) => events).length).toBeGreaterThan(140);
  });

  it('have no timer while nobody reads', async () => {
    const { clock, port, live } = await alone();
    expect(clock.pendingTimers).toBe(0);
    const clients = [await subscribe(port), await subscribe(port)];
    expect(clock.pendingTimers).toBe(1);
    for (const client of clients) client.leave();
    await until(() => live.readers === 0, 'nobody');
    expect(clock.pendingTimers).toBe(0);
    const again = await subscribe(port);
    clock.advance(1_010);
    await updatesOf(again, 2);
    live.end();
    expect((await again.response()).complete).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  it('answer HEAD, and no more than 32 readers', async () => {
    const { port, refusals, clock } = await alone();
    const head = await http(`http://127.0.0.1:${port}`, { method: 'HEAD' });
    expect([head.status, head.headers['content-type'], clock.pendingTimers]).toEqual([
      200,
      'text/event-stream',
      0,
    ]);
    for (let i = 0; i < 32; i++) await subscribe(port);
    expect([(await http(`http://127.0.0.1:${port}`)).status, refusals]).toEqual([503, ['TOO_MANY_READERS']]);
  });

  it('send a reader nothing while it is behind, and then what it has missed, as far as it is kept', async () => {
    // The system takes megabytes for a reader that reads nothing.
    const { clock, port, tell, live } = await alone(2_000_000);
    const slow = connect(port, '127.0.0.1');
    const quick = connect(port, '127.0.0.1').resume();
    releaseAfterwards(() => [slow, quick].forEach((socket) => void socket.destroy()));
    for (const socket of [slow, quick]) socket.write(ASK);
    await until(() => live.readers === 2, 'two readers');
    for (let second = 1; second <= 12; second++) {
      tell(`s${second}`);
      clock.advance(1_000);
      await until(() => quick.bytesRead > second * 2_000_000, 'the quick one');
    }
    for (let i = 0; i < 150; i++) tell(`t${i}`);
    const chunks: string[] = [];
    let isThere = false;
    slow.setEncoding('latin1').on('data', (chunk: string) => {
      isThere ||= `${chunks.at(-1)}${chunk}`.includes('is now t149');
      chunks.push(chunk);
    });
    await until(() => {
      clock.advance(250);
      return isThere;
    }, 'the last event');
    await until(() => chunks.at(-1)?.endsWith('\n\n\r\n') === true, 'its end');
    const lines = chunks.join('').match(/^data: .*$/gm) ?? [];
    const messages = lines.map((line): Update => JSON.parse(line.slice(6)));
    const figures = messages.map((message) => message.figures?.to);
    expect(figures).not.toContain('2026-01-15T12:00:11.000Z');
    const told = messages.flatMap(({ events }) => events.map((event) => event.text));
    expect(new Set(told).size).toBe(told.length);
    expect(told.slice(-KEPT_EVENTS)).toEqual(
      Array.from({ length: KEPT_EVENTS }, (_, i) => `the strategy is now t${i + 50}`),
    );
  });
});
