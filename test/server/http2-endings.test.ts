// How streams end: whole, cut, given up by either side, or drained.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { IncomingRequest } from '../../src/http/messages.ts';
import type { Handler } from '../../src/server/client-request.ts';
import { Listener } from '../../src/server/listener.ts';
import type { AppSetUp } from '../support/app.ts';
import { answer, cutBody, cutChunked, earlyAnswer, Gate, held, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { answerOn, beginUpload, Http2Client } from '../support/http2-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import { BigBody, EventStream } from '../support/streams.ts';
import { standstill, until, within } from '../support/waiting.ts';
import { startSecureApp } from './secure.ts';

async function running(flags: readonly string[] = [], clock: AppSetUp['clock'] = systemClock) {
  const upstream = await FakeUpstream.start();
  const app = await startSecureApp({ primaries: [upstream], flags, clock });
  const client = await Http2Client.connect(app.port);
  return { upstream, client, ...app };
}

const LIMITS = {
  clientHeaderTimeoutMs: 5_000,
  clientBodyTimeoutMs: 5_000,
  clientKeepAliveMs: 5_000,
  maxConnections: 10,
  maxHeaderSizeBytes: 8_192,
  maxUrlBytes: 8_192,
};
const INTERNAL_ERROR = 2;
const CANCEL = 8;
const BIG = 20_000_000;

describe('a large body', () => {
  it('comes down as fast as the client reads, and no faster', async () => {
    const { upstream, client } = await running();
    const big = new BigBody(BIG);
    upstream.use(big.behaviour);
    const stream = client.open({ ':path': '/big' }, true);
    await once(stream, 'response');
    expect(await standstill(() => big.written, 'backpressure', 500_000)).toBeLessThan(BIG / 2);
    const { body, code } = await answerOn(stream);
    expect([body.length, code]).toEqual([BIG, 0]);
  });

  it('goes up whole, beside other requests', async () => {
    const { upstream, client } = await running();
    const body = Buffer.alloc(BIG, 'u');
    const [big, small] = await Promise.all([client.request('/big', { body }), client.get('/small')]);
    expect([big.status, small.status]).toEqual([200, 200]);
    const request = upstream.requests.find(({ target }) => target === '/big');
    expect(request?.body.equals(body)).toBe(true);
    expect(request?.headers('transfer-encoding')).toEqual(['chunked']);
  });

  it('goes up as fast as the upstream reads, and no faster', async () => {
    const { upstream, client } = await running();
    upstream.use({ at: 'head', run: (socket) => socket.pause() });
    const stream = client.open({ ':path': '/big', ':method': 'POST', 'content-length': String(BIG) });
    stream.end(Buffer.alloc(BIG));
    await upstream.arrived();
    const held = await standstill(() => client.session.socket.bytesWritten, 'backpressure');
    expect(held).toBeLessThan(BIG / 2);
    // The connection still serves others.
    upstream.use(answer({ body: 'other' }));
    expect((await client.get('/other')).text).toBe('other');
  });
});

describe('an answer that breaks off', () => {
  it.each([
    ['a length', cutBody('fin', 200_000, 100_000)],
    ['a length, by a reset', cutBody('rst', 200_000, 100_000)],
    ['chunks', cutChunked('fin', 'x'.repeat(100_000))],
  ])('with %s resets its stream and no other', async (_, behaviour) => {
    const { upstream, client } = await running(['--error-time-to-live-minutes=0.00002']);
    const events = new EventStream();
    upstream.next(events.behaviour, behaviour);
    const other = client.open({ ':path': '/events' }, true);
    const whole = answerOn(other);
    await once(other, 'response');
    const cut = await client.get('/cut');
    expect([cut.status, cut.code]).toEqual([200, INTERNAL_ERROR]);
    await events.push('still here');
    await events.end();
    expect(await whole).toMatchObject({ text: 'data: still here\n\n', code: 0 });
  });
});

describe('a client that gives up a stream', () => {
  it.each(['GET', 'HEAD'])('of %s ends the attempt, and nobody is blamed', async (method) => {
    const { upstream, client, logs } = await running();
    upstream.use(silence());
    const stream = client.open({ ':path': '/left', ':method': method }, true);
    const request = await upstream.arrived();
    stream.close(CANCEL);
    await within(request.closed, 5_000, 'the end upstream');
    const line = await until(() => logs.find(({ path }) => path === '/left'), 'the log line');
    expect(line['result']).toBe('client-left');
    expect(logs.some(({ msg }) => msg === 'Quarantined')).toBe(false);
    upstream.reset();
    expect((await client.get('/alive')).text).toBe('A');
  });

  it('in mid-answer ends the attempt', async () => {
    const { upstream, client, logs } = await running();
    upstream.use(new BigBody(BIG).behaviour);
    const stream = client.open({ ':path': '/left' }, true);
    await once(stream, 'data');
    stream.close(CANCEL);
    await within((await upstream.arrived()).closed, 5_000, 'the end upstream');
    const line = await until(() => logs.find(({ path }) => path === '/left'), 'the log line');
    expect(line['result']).toBe('client-left');
  });

  it.each([
    ['kept', '1000'],
    ['piped', '5000000'],
  ])('in mid-upload of a body that is %s sends no short request', async (kind, length) => {
    const { upstream, client } = await running();
    const stream = client.open({ ':path': '/left', ':method': 'POST', 'content-length': length });
    stream.write(Buffer.alloc(500));
    if (kind === 'piped') {
      const request = await upstream.arrived();
      stream.close(CANCEL);
      await within(request.closed, 5_000, 'the end upstream');
      expect(request.complete).toBe(false);
    } else {
      // The body's first bytes are there when the answer to a later request is.
      await client.get('/alive');
      stream.close(CANCEL);
      await client.get('/alive');
      expect(upstream.requests.map(({ target }) => target)).toEqual(['/alive', '/alive']);
    }
  });

  it('in mid-upload without a length sends no short request', async () => {
    // More than is kept, within what may be sent unasked.
    const { upstream, port } = await running(['--max-replay-body=10kb']);
    const reset = await beginUpload(port, Buffer.alloc(60_000));
    const request = await upstream.arrived();
    await until(() => request.body.length === 60_000, 'all that was sent');
    reset();
    await within(request.closed, 5_000, 'the end upstream');
    expect(request.complete).toBe(false);
  });

  it('by closing the connection ends all attempts', async () => {
    const { upstream, client } = await running();
    upstream.use(silence());
    for (const path of ['/1', '/2']) client.open({ ':path': path }, true);
    const requests = [await upstream.arrived(1), await upstream.arrived(2)];
    client.session.destroy();
    await within(Promise.all(requests.map(({ closed }) => closed)), 5_000, 'the ends upstream');
  });
});

describe('a request', () => {
  it('is complete when all of its body has come, and never by a reset', async () => {
    const { certFile, keyFile } = await running();
    const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    const requests: IncomingRequest[] = [];
    const ends: string[] = [];
    const handle: Handler = (request, response) => {
      requests.push(request);
      request.resume().once('end', () => ends.push(`${request.url} ${request.complete}`));
      request.once('end', () => response.end());
    };
    const listener = new Listener(LIMITS, systemClock, handle, { tls: { pair, minVersion: '1.2' } });
    const { port } = await listener.listen(0, '127.0.0.1');
    releaseAfterwards(() => listener.drain(100));
    const client = await Http2Client.connect(port);
    await client.request('/whole', { body: Buffer.alloc(100_000) });
    const reset = await beginUpload(port, Buffer.alloc(50_000));
    await until(() => requests.length === 2, 'the second request');
    reset();
    await until(() => ends.length === 2, 'the ends');
    expect(ends).toEqual(['/whole true', '/ false']);
  });
});

describe('an answer before the end of the upload', () => {
  it('reaches the client, and the rest of the upload is called off', async () => {
    const { upstream, client } = await running();
    upstream.use(earlyAnswer({ status: 403, body: 'no' }));
    const stream = client.open({ ':path': '/early', ':method': 'POST', 'content-length': '50000000' });
    stream.write(Buffer.alloc(2_000_000));
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
    });
    const [head] = await within(once(stream, 'response'), 5_000, 'the answer');
    await within(once(stream, 'end'), 5_000, 'the end of the answer');
    expect([head[':status'], text]).toEqual([403, 'no']);
    // RST_STREAM with "no error": Node's client sends no more, though it waits for its own writes.
    await until(() => stream.closed, 'the end of the upload');
    expect(stream.rstCode).toBe(0);
    upstream.use(answer({ body: 'alive' }));
    expect((await client.get('/alive')).text).toBe('alive');
  });
});

describe('a drain', () => {
  it('says goodbye to idle connections at once', async () => {
    const { app, client } = await running();
    await client.get('/x');
    expect(await within(app.stop(), 5_000, 'the end')).toBe(0);
    await within(client.closed, 5_000, 'the end of the connection');
    expect(client.goaway).toBe(0);
  });

  it('lets answers in flight finish, and takes no new ones', async () => {
    const { app, upstream, client } = await running();
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: 'finished' })));
    const first = client.get('/1');
    const second = client.get('/2');
    await upstream.arrived(2);
    const stopped = app.stop();
    await until(() => client.goaway !== undefined, 'GOAWAY');
    const late = statusOfLate(client);
    gate.release();
    expect([(await first).text, (await second).text]).toEqual(['finished', 'finished']);
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
    await within(client.closed, 5_000, 'the end of the connection');
    expect([await late, upstream.requests.length]).toEqual([0, 2]);
  });

  /** After the goodbye Node's client throws, or cancels the request when the connection is over. */
  async function statusOfLate(client: Http2Client): Promise<number> {
    try {
      return (await client.get('/late')).status;
    } catch {
      return 0;
    }
  }

  it('cuts what is not finished after SHUTDOWN_TIMEOUT, and counts it', async () => {
    const clock = new ManualClock();
    const { app, upstream, client } = await running(
      ['--shutdown-timeout=9s', '--attempt-timeout=1h', '--request-timeout=1h'],
      clock,
    );
    upstream.use(silence());
    const answered = client.get('/1');
    const request = await upstream.arrived();
    const stopped = app.stop();
    clock.advance(9_000);
    expect(await within(stopped, 5_000, 'the end')).toBe(1);
    await within(request.closed, 5_000, 'the end upstream');
    expect((await answered).status).toBe(0);
  });

  it('does not wait for a client that never closes, nor for one in its handshake', async () => {
    const clock = new ManualClock();
    const { app, port } = await running([], clock);
    const shaking = await RawClient.connect(port);
    const half = { allowHalfOpen: true, ALPNProtocols: ['h2'], rejectUnauthorized: false };
    const stubborn = connectTls({ ...half, port, host: '127.0.0.1' });
    await once(stubborn, 'secureConnect');
    stubborn.on('error', () => {}).write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0');
    await once(stubborn, 'data');
    stubborn.pause();
    const stopped = app.stop();
    await until(() => {
      clock.advance(500);
      return shaking.connection !== 'open';
    }, 'the end of the handshake');
    expect(await within(stopped, 5_000, 'the end')).toBe(0);
  });
});

it('a client that reads nothing of its answer loses it after CLIENT_BODY_TIMEOUT, and no other', async () => {
  const clock = new ManualClock();
  const { client, upstream } = await running(['--client-body-timeout=20s', '--attempt-timeout=1h'], clock);
  const big = new BigBody(BIG);
  upstream.next(big.behaviour);
  const stream = client.open({ ':path': '/big' }, true);
  await once(stream, 'response');
  const request = await upstream.arrived();
  await standstill(() => big.written, 'backpressure', 500_000);
  for (let seconds = 0; seconds < 19; seconds++) clock.advance(1_000);
  expect((await client.get('/other')).text).toBe('A');
  expect(request.isClosed).toBe(false);
  for (let seconds = 0; seconds < 3; seconds++) clock.advance(1_000);
  await within(request.closed, 5_000, 'the end upstream');
  await until(() => stream.rstCode === INTERNAL_ERROR, 'the reset');
});

it('a connection without requests is closed after CLIENT_KEEP_ALIVE', async () => {
  // Longer than a client takes from its handshake to its first request.
  const { client } = await running(['--client-keep-alive=1s']);
  await client.get('/x');
  await within(client.closed, 5_000, 'the end of the connection');
  expect(client.goaway).toBe(0);
});

it('a silent request outlives CLIENT_KEEP_ALIVE', async () => {
  const { client, upstream } = await running(['--client-keep-alive=1s']);
  const gate = new Gate();
  upstream.use(held(gate, answer({ body: 'late' })));
  const answered = client.get('/x');
  setTimeout(gate.release, 2_500);
  expect((await answered).text).toBe('late');
});
