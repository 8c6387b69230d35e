// What is carried once the protocol has changed, and how a tunnel ends.
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { Gate, held } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import {
  askFor,
  askForWebSocket,
  BodyChunks,
  switchProtocol,
  TunnelClient,
} from '../support/tunnel-client.ts';
import { until, within } from '../support/waiting.ts';

const HOUR_MS = 3_600_000;
const GOING_AWAY = '880203e9';

/** Both ends of an open tunnel. */
interface Ends {
  readonly client: TunnelClient;
  readonly upstream: Socket;
  readonly received: BodyChunks;
  readonly upstreamClosed: Promise<void>;
}

async function start(flags: readonly string[] = []) {
  const upstream = await FakeUpstream.start();
  const clock = new ManualClock();
  const app = await startApp({ primaries: [`${upstream.url} name=solo`], flags, clock });
  /** `staysOpen`: the client leaves its side open when the other one has ended. */
  const open = async ({ protocol = 'websocket', staysOpen = false } = {}): Promise<Ends> => {
    let socket: Socket | undefined;
    upstream.next(switchProtocol({ protocol, talk: (bare) => (socket = bare) }));
    const asks = protocol === 'irc' ? askFor('irc') : askForWebSocket();
    const client = await TunnelClient.open(app.port, asks, { allowHalfOpen: staysOpen });
    if (!socket) throw new Error('the upstream has changed the protocol');
    const bare = socket;
    const upstreamClosed = new Promise<void>((resolve) => bare.once('close', () => resolve()));
    return { client, upstream: bare, received: new BodyChunks(bare), upstreamClosed };
  };
  const row = async () => JSON.parse((await rawRequest(app.port, requestBytes('GET /stats'))).text)[0];
  return { ...app, upstream, clock, open, row };
}

let running: Awaited<ReturnType<typeof start>>;

beforeEach(async () => {
  running = await start();
});

/** One byte for each character. */
const bytes = (text: string) => Buffer.from(text, 'latin1');

/** Lets both timers of the network and those of the clock go on until it is true. */
async function meanwhile(is: () => boolean, what: string): Promise<void> {
  await until(() => {
    running.clock.advance(10);
    return is();
  }, what);
}

describe('a tunnel', () => {
  it('carries bytes both ways and counts as an attempt in flight until it ends', async () => {
    const { client, upstream, received } = await running.open();
    expect(await running.row()).toMatchObject({ connections: 1, requests: 1, failures: 0 });
    client.socket.write('from the client');
    upstream.write('from the upstream');
    await Promise.all([received.has('from the client'), client.has('from the upstream')]);
    running.clock.advance(5_000);
    client.socket.end();
    await until(async () => (await running.row()).connections === 0, 'the end of the tunnel');
    const line = await until(() => running.logs.find(({ status }) => status === 101), 'the log line');
    expect([line]).toMatchObject([
      { result: 'answered', status: 101, upstream: 'solo', attempts: 1, ms: 5_000 },
    ]);
  });

  it('goes at the pace of the slower side', async () => {
    const { client, upstream } = await running.open();
    client.socket.pause();
    const chunk = Buffer.alloc(200_000, 'x');
    let written = 0;
    for (let stuck = 0; stuck < 20 && written < 100_000_000; stuck += 1) {
      for (; !upstream.writableNeedDrain && written < 100_000_000; stuck = 0) {
        upstream.write(chunk);
        written += chunk.length;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    // What the buffers of two connections hold, not what there is to send.
    expect(written).toBeLessThan(100_000_000);
    upstream.end('the last word');
    client.socket.resume();
    await client.has('the last word');
    expect(client.received.length).toBe(written + 'the last word'.length);
  });
});

describe('when one side goes', () => {
  it.each([
    ['ends', (client: Socket) => client.end()],
    ['is gone', (client: Socket) => client.destroy()],
    ['resets', (client: Socket) => client.resetAndDestroy()],
  ])('the client %s: the upstream is closed at once, with what was said last', async (_, go) => {
    const { client, received, upstreamClosed } = await running.open();
    client.socket.write('last words');
    await received.has('last words');
    go(client.socket);
    await within(upstreamClosed, 1_000, 'the end upstream');
    await until(async () => (await running.row()).connections === 0, 'nothing in flight');
  });

  it.each([
    ['ends', (upstream: Socket) => upstream.end()],
    ['resets', (upstream: Socket) => upstream.resetAndDestroy()],
  ])('the upstream %s: the client is closed at once', async (_, go) => {
    const { client, upstream } = await running.open();
    go(upstream);
    await client.ended(1_000);
    await until(async () => (await running.row()).connections === 0, 'nothing in flight');
    expect((await running.row()).failures).toBe(0);
  });

  it('what the other one still says arrives, and then it is closed, too', async () => {
    const { client, upstream, received, upstreamClosed } = await running.open({ protocol: 'irc' });
    upstream.allowHalfOpen = true;
    client.socket.end('bye');
    await received.has('bye');
    upstream.end('bye yourself');
    await client.has('bye yourself');
    await client.ended();
    await within(upstreamClosed, 1_000, 'the end upstream');
  });

  it('and the other one does not, it is cut within a second', async () => {
    const { client, upstream } = await running.open({ staysOpen: true });
    upstream.allowHalfOpen = true;
    client.end();
    await until(() => upstream.readableEnded, "the end of the client's side");
    running.clock.advance(499);
    expect((await running.row()).connections).toBe(1);
    running.clock.advance(1);
    await until(async () => (await running.row()).connections === 0, 'the end of the tunnel');
  });
});

describe('TUNNEL_IDLE_TIMEOUT', () => {
  it('ends a tunnel on which both sides are silent', async () => {
    const { client, upstream, received, upstreamClosed } = await running.open();
    running.clock.advance(HOUR_MS - 1);
    client.socket.write('a');
    await received.has('a');
    running.clock.advance(HOUR_MS - 1);
    upstream.write(bytes('\x81\x01b'));
    await client.has('b');
    running.clock.advance(HOUR_MS - 1);
    expect(client.isOver).toBe(false);
    running.clock.advance(1);
    await client.ended();
    expect(client.received.toString('hex')).toBe(`810162${GOING_AWAY}`);
    await within(upstreamClosed, 1_000, 'the end upstream');
  });

  it('closes another protocol without a word', async () => {
    const { client, upstreamClosed } = await running.open({ protocol: 'irc' });
    running.clock.advance(HOUR_MS);
    await client.ended();
    expect(client.received).toHaveLength(0);
    await within(upstreamClosed, 1_000, 'the end upstream');
  });

  it('is what the setting says', async () => {
    running = await start(['--tunnel-idle-timeout=3s']);
    const { client } = await running.open();
    running.clock.advance(2_999);
    expect((await running.row()).connections).toBe(1);
    running.clock.advance(1);
    await client.ended();
  });
});

describe('at the drain', () => {
  it('the client of a WebSocket hears that we go away, and its last word reaches the upstream', async () => {
    const { client, received, upstreamClosed } = await running.open({ staysOpen: true });
    const stopped = running.app.stop();
    await client.ended();
    expect(client.received.toString('hex')).toBe(GOING_AWAY);
    client.socket.end('farewell');
    await received.has('farewell');
    await within(upstreamClosed, 1_000, 'the end upstream');
    expect(await within(stopped, 1_000, 'the end')).toBe(0);
  });

  it('a frame that is under way is finished before', async () => {
    const { client, upstream } = await running.open();
    upstream.write(bytes('\x81\x05Hel'));
    await client.has('Hel');
    const stopped = running.app.stop();
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(client.isOver).toBe(false);
    upstream.write(bytes('lo\x81\x04more'));
    await client.ended();
    expect(client.received.toString('latin1')).toBe('\x81\x05Hello\x88\x02\x03\xe9');
    client.socket.end();
    expect(await within(stopped, 1_000, 'the end')).toBe(0);
  });

  it('one that is never finished, or a client that does not go, holds nothing up', async () => {
    const [stuck, deaf] = [await running.open(), await running.open({ staysOpen: true })];
    stuck.upstream.write(bytes('\x81\x05Hel'));
    await stuck.client.has('Hel');
    const stopped = running.app.stop();
    let isStopped = false;
    void stopped.then(() => {
      isStopped = true;
    });
    await deaf.client.ended();
    // Each has a time of its own to run out.
    await meanwhile(() => stuck.client.isOver && isStopped, 'the end of both');
    expect(await within(stopped, 1_000, 'the end')).toBe(0);
  });

  it('one that does not end within SHUTDOWN_TIMEOUT is cut, and counts', async () => {
    running = await start(['--shutdown-timeout=1s']);
    const { client, upstream } = await running.open();
    upstream.write(bytes('\x81\x05Hel'));
    await client.has('Hel');
    const stopped = running.app.stop();
    running.clock.advance(1_000);
    expect(await within(stopped, 1_000, 'the end')).toBe(1);
    await client.ended();
  });

  it('one whose upstream is still being asked is opened and closed', async () => {
    const gate = new Gate();
    running.upstream.next(held(gate, switchProtocol({ head: bytes('\x81\x01a').toString('latin1') })));
    const client = await TunnelClient.send(running.port, askForWebSocket());
    await running.upstream.arrived();
    const stopped = running.app.stop();
    gate.release();
    await client.ended();
    expect(client.received.toString('hex')).toMatch(new RegExp(`^(810161)?${GOING_AWAY}$`));
    expect(await within(stopped, 1_000, 'the end')).toBe(0);
  });

  it('another protocol is closed without a word', async () => {
    const { client, upstreamClosed } = await running.open({ protocol: 'irc' });
    const stopped = running.app.stop();
    await client.ended();
    expect(client.received).toHaveLength(0);
    await within(upstreamClosed, 1_000, 'the end upstream');
    expect(await within(stopped, 1_000, 'the end')).toBe(0);
  });
});
