import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { EventStreams } from '../../src/admin/events.ts';
import { Streams } from '../../src/admin/streams.ts';
import { type Event, PoolIdentity, UpstreamIdentity } from '../../src/events.ts';
import { AdminClient } from '../support/admin-client.ts';
import { startApp } from '../support/app.ts';
import { refuseRate } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { serveStreams } from './stream-server.ts';

const ASK = requestBytes('GET /events', ['Host: localhost']);

async function subscribe(port: number): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(ASK);
  await client.head();
  return client;
}

/** What came so far, event by event. */
async function eventsOf(client: RawClient): Promise<{ event: string; data: Record<string, unknown> }[]> {
  const { text } = await client.head();
  return [...text.matchAll(/^event: (.*)\ndata: (.*)\n\n/gm)].map(([, event = '', data = '']) => ({
    event,
    data: JSON.parse(data),
  }));
}

/** The streams behind a server of their own, on a clock that stands still. */
async function streamsAlone() {
  const clock = new ManualClock();
  const streams = new EventStreams(clock, new Streams(clock));
  const { port, refusals } = await serveStreams((request, response) => streams.open(request, response));
  return { clock, streams, port, refusals };
}

const CHANGE: Event = { type: 'strategy-changed', pool: new PoolIdentity('default'), strategy: 'shuffle' };

describe('GET /events', () => {
  it('tells what changes, and not each request', async () => {
    const upstream = await FakeUpstream.start();
    const running = await startApp({
      primaries: [`${upstream.url}/HUSH name=a`],
      flags: ['--admin-port=0', '--error-time-to-live-minutes=5'],
    });
    const admin = new AdminClient(running.adminUrl);
    const client = await subscribe(running.app.adminAddress?.port ?? 0);
    const { message } = await client.head();
    expect(message.headers('content-type')).toEqual(['text/event-stream']);
    expect(message.headers('cache-control')).toEqual(['no-store']);
    await http(running.url);
    upstream.next(refuseRate('60'));
    await http(running.url);
    await admin.post('/servers/a/release');
    await admin.post('/servers', { url: 'http://127.0.0.1:1/HUSH', name: 'b' });
    await admin.patch('/servers/b', { weight: 2 });
    await admin.put('/strategy', { strategy: 'round-robin' });
    await admin.delete('/servers/b');
    await until(
      async () => (await eventsOf(client)).some(({ event }) => event === 'upstream-removed'),
      'the end',
    );
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    const b = { name: 'b', tier: 'primary' };
    expect(await eventsOf(client)).toMatchObject([
      { event: 'upstream-quarantined', data: { time, upstream: { name: 'a' }, reason: 'rate-limited' } },
      { event: 'upstream-released', data: { upstream: { name: 'a' }, by: 'operator' } },
      { event: 'upstream-added', data: { upstream: b } },
      { event: 'upstream-changed', data: { upstream: b, weight: 2, draining: false } },
      { event: 'strategy-changed', data: { type: 'strategy-changed', strategy: 'round-robin' } },
      { event: 'upstream-removed', data: { upstream: b, cause: 'operator' } },
    ]);
    expect((await client.head()).text).not.toMatch(/HUSH|http:/);
  });

  it('ends in good order when the process does', async () => {
    const upstream = await FakeUpstream.start();
    const { app } = await startApp({ primaries: [upstream], flags: ['--admin-port=0'] });
    const client = await subscribe(app.adminAddress?.port ?? 0);
    expect(await within(app.stop(), 5_000, 'the end')).toBe(0);
    const response = await client.response();
    expect([response.status, response.complete]).toEqual([200, true]);
  });

  it('tells HEAD what it is, and ends', async () => {
    const { port, clock } = await streamsAlone();
    const response = await http(`http://127.0.0.1:${port}`, { method: 'HEAD' });
    expect([response.status, response.headers['content-type'], response.text]).toEqual([
      200,
      'text/event-stream',
      '',
    ]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('the streams', () => {
  it('carry a sign of life as long as somebody reads', async () => {
    const { port, clock } = await streamsAlone();
    const clients = [await subscribe(port), await subscribe(port)];
    expect(clock.pendingTimers).toBe(1);
    clock.advance(31_000);
    for (const client of clients)
      await until(
        async () => (await client.head()).text === 'retry: 2000\n\n:\n\n:\n\n',
        'two signs of life',
      );
    for (const client of clients) client.leave();
    await until(() => clock.pendingTimers === 0, 'no timer');
  });

  it('are bounded in number, and one that is left makes room', async () => {
    const { port, refusals } = await streamsAlone();
    const clients: RawClient[] = [];
    for (let i = 0; i < 32; i++) clients.push(await subscribe(port));
    const refused = await http(`http://127.0.0.1:${port}`);
    expect([refused.status, refusals]).toEqual([503, ['TOO_MANY_READERS']]);
    clients[0]?.leave();
    await until(async () => {
      const client = await subscribe(port);
      return (await client.head()).status === 200;
    }, 'room for one');
  });

  it('cut a reader that does not keep up, and no other', async () => {
    const { port, streams } = await streamsAlone();
    const slow = connect(port, '127.0.0.1').on('error', () => {});
    const quick = connect(port, '127.0.0.1').resume();
    releaseAfterwards(() => [slow, quick].forEach((socket) => void socket.destroy()));
    for (const socket of [slow, quick]) socket.write(ASK);
    await until(() => quick.bytesRead > 0 && streams.readers === 2, 'two readers');
    // The system takes megabytes for a reader that reads nothing: large events fill them soon.
    const large: Event = {
      type: 'upstream-down',
      upstream: new UpstreamIdentity('a', 'primary'),
      reason: 'probe-failed',
      problem: 'x'.repeat(8_000),
    };
    let told = 0;
    await until(
      async () => {
        for (let i = 0; i < 20; i++) streams.listen(large);
        told += 20 * 8_000;
        await until(() => quick.bytesRead >= told, 'the quick one');
        return streams.readers === 1;
      },
      'the end of the slow one',
      15_000,
    );
    expect(quick.destroyed).toBe(false);
    slow.resume();
    await until(() => slow.closed, 'the end of its connection');
  });

  it('cost nothing and fail at nothing while nobody reads', async () => {
    const { port, streams, clock } = await streamsAlone();
    streams.listen(CHANGE);
    streams.end();
    const client = await subscribe(port);
    streams.end();
    streams.end();
    expect((await client.response()).complete).toBe(true);
    streams.listen(CHANGE);
    expect(clock.pendingTimers).toBe(0);
  });
});
