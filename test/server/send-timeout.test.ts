// Clients that don't read their answers: what they cost, and for how long.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { SendTimeout } from '../../src/server/send-timeout.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { Http2Client } from '../support/http2-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { BigBody } from '../support/streams.ts';
import { standstill, until, within } from '../support/waiting.ts';
import { startSecureApp } from './secure.ts';

const LIMIT_MS = 30_000;

/** The parts of a connection that are used. */
function connection() {
  const state = { writableLength: 0, bytesWritten: 0, isReset: false, close: () => {} };
  const socket = Object.assign(state, {
    once: (_event: string, listener: () => void) => {
      state.close = listener;
    },
    resetAndDestroy: () => {
      socket.isReset = true;
    },
  });
  return socket;
}

describe('a reader', () => {
  let clock: ManualClock;
  let sendTimeout: SendTimeout;
  let socket: ReturnType<typeof connection>;

  beforeEach(() => {
    clock = new ManualClock();
    sendTimeout = new SendTimeout(clock, LIMIT_MS);
    socket = connection();
    // Nothing else of a socket is used.
    sendTimeout.add(socket as unknown as Socket);
  });

  function writes(bytes: number): void {
    socket.writableLength += bytes;
    socket.bytesWritten += bytes;
  }

  it('for which nothing waits is left alone', () => {
    clock.advance(10 * LIMIT_MS);
    expect(socket.isReset).toBe(false);
  });

  it('that takes nothing of what waits for so long is cut off', () => {
    writes(1_000);
    clock.advance(LIMIT_MS);
    expect(socket.isReset).toBe(false);
    clock.advance(2_000);
    expect(socket.isReset).toBe(true);
  });

  it('that takes nothing while more is written is cut off', () => {
    writes(1_000);
    for (let second = 0; second < 32; second++) {
      clock.advance(1_000);
      writes(10);
    }
    expect(socket.isReset).toBe(true);
  });

  it('has the limit of when it began to be waited for, and the new one for the next', () => {
    writes(1_000);
    clock.advance(1_000);
    sendTimeout.setLimit(2_000);
    clock.advance(LIMIT_MS - 2_000);
    expect(socket.isReset).toBe(false);
    socket.writableLength = 0;
    clock.advance(1_000);
    writes(1_000);
    clock.advance(4_000);
    expect(socket.isReset).toBe(true);
  });

  it('that takes a little now and then is not', () => {
    writes(1_000);
    for (let turn = 0; turn < 10; turn++) {
      clock.advance(LIMIT_MS - 2_000);
      socket.writableLength -= 10;
    }
    expect(socket.isReset).toBe(false);
  });

  it('that has left costs no timer', () => {
    socket.close();
    clock.advance(2_000);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a client that never reads', () => {
  let upstream: FakeUpstream;
  let app: RunningApp;

  async function start(clientBodyTimeout: string, clock: Clock = systemClock): Promise<void> {
    upstream = await FakeUpstream.start();
    const flags = [
      `--client-body-timeout=${clientBodyTimeout}`,
      '--attempt-timeout=1h',
      '--request-timeout=1h',
    ];
    app = await startApp({ primaries: [upstream], flags, clock });
  }

  it('is cut off after CLIENT_BODY_TIMEOUT, its upstream let go, and nobody blamed', async () => {
    await start('500ms');
    const body = new BigBody(100_000_000);
    upstream.next(body.behaviour);
    const client = await RawClient.connect(app.port);
    client.socket.pause();
    client.send(requestBytes('GET /x'));
    const request = await upstream.arrived();
    await within(request.closed, 5_000, 'the end of the upstream call');
    expect(body.written).toBeLessThan(60_000_000);
    const line = await until(() => app.logs.find(({ msg }) => msg === 'Request'), 'its log line');
    expect(line['result']).toBe('client-left');
    expect(app.logs.some(({ msg }) => msg === 'Quarantined')).toBe(false);
    expect((await rawRequest(app.port, requestBytes('GET /alive'))).text).toBe('A');
  });

  it('and goes on asking is not read any further, and cut off', async () => {
    const clock = new ManualClock();
    await start('30s', clock);
    upstream.use(answer({ body: Buffer.alloc(60_000) }));
    const client = await RawClient.connect(app.port);
    client.socket.pause();
    for (let count = 0; count < 2_000; count++) client.socket.write(requestBytes('GET /x'));
    // As many as fit into the buffers of the system; the parser had handed over far more.
    expect(await standstill(() => upstream.requests.length, 'a standstill')).toBeLessThan(400);
    clock.advance(LIMIT_MS + 2_000);
    client.socket.resume();
    // A reset right after data may look like a graceful end.
    expect(await client.ended()).not.toBe('open');
  });

  it('that was only slow gets its whole answer', async () => {
    const clock = new ManualClock();
    await start('30s', clock);
    const body = new BigBody(60_000_000);
    upstream.next(body.behaviour);
    const client = await RawClient.connect(app.port);
    client.send(requestBytes('GET /x'));
    for (let pause = 0; pause < 4; pause++) {
      client.socket.pause();
      await standstill(() => body.written, 'full buffers', 1);
      clock.advance(LIMIT_MS - 2_000);
      const read = client.socket.bytesRead;
      client.socket.resume();
      await until(() => client.socket.bytesRead > read + 1_000_000, 'some more bytes');
    }
    const response = await client.response(10_000);
    expect([response.complete, response.body.length]).toEqual([true, 60_000_000]);
  });
});

describe('a client that takes nothing on its streams', () => {
  it.each([
    ['a small answer', 'small'],
    ['an answer of our own', ''],
  ])('is not waited for longer than CLIENT_BODY_TIMEOUT: %s', async (_, body) => {
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start('A', body === '' ? silence() : answer({ body }));
    const app = await startSecureApp({ primaries: [upstream], clock });
    const client = await Http2Client.connect(app.port, { settings: { initialWindowSize: 0 } });
    const headers = body === '' ? { ':path': '/x', ':method': 'TRACE' } : { ':path': '/x' };
    const streams = [client.open(headers, true), client.open(headers, true)];
    for (const stream of streams) await within(once(stream, 'response'), 5_000, 'an answer');
    const over = streams.map((stream) => new Promise((resolve) => stream.once('close', resolve)));
    clock.advance(LIMIT_MS - 2_000);
    expect(streams.map(({ closed }) => closed)).toEqual([false, false]);
    clock.advance(4_000);
    await within(Promise.all(over), 5_000, 'the ends of the streams');
    // The connection is good, and idle from now on.
    expect(client.session.closed).toBe(false);
  });
});
