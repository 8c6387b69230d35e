// What a client may send, how much of it, and how slowly.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';

let upstream: FakeUpstream;
let app: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  app = await startApp({
    primaries: [upstream],
    flags: ['--max-header-size=4kb', '--max-url=2kb', '--max-body=10kb'],
  });
});

beforeEach(() => upstream.reset());

async function sent(bytes: string | Buffer, { port } = app): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  return client;
}

async function refused(client: RawClient, status: number, code: string): Promise<void> {
  const response = await client.response();
  expect([response.status, response.complete, response.interim]).toEqual([status, true, []]);
  expect(response.header('connection')).toBe('close');
  expect(JSON.parse(response.text)).toMatchObject({ status, code });
  await client.ended();
  expect(upstream.requests.filter(({ target }) => target !== '/alive')).toEqual([]);
  expect((await rawRequest(app.port, requestBytes('GET /alive'))).text).toBe('A');
}

const lines = (count: number) => Array.from({ length: count }, (_, index) => `X${index}: 1`);

describe('the header section', () => {
  it('of 100 lines passes', async () => {
    expect((await (await sent(requestBytes('GET /x', lines(99)))).response()).status).toBe(200);
  });

  it.each([
    ['101 lines', requestBytes('GET /x', lines(100))],
    ['101 lines before a body', requestBytes('POST /x', [...lines(99), 'Content-Length: 3'], 'abc')],
    ['5 kB in one line', requestBytes('GET /x', [`X: ${'x'.repeat(5_000)}`])],
    ['5 kB in many lines', requestBytes('GET /x', Array(90).fill(`X: ${'x'.repeat(50)}`))],
    ['20 kB in one line', requestBytes('GET /x', [`X: ${'x'.repeat(20_000)}`])],
    ['200 kB in one line', requestBytes('GET /x', [`X: ${'x'.repeat(200_000)}`])],
    // More than Node 20 keeps: it would drop the length, and take the body for a request.
    [
      '3000 lines before a length',
      requestBytes(
        'POST /x',
        [...lines(3_000), 'Content-Length: 35'],
        'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n',
      ),
    ],
  ])('of %s is too large', async (_, bytes) => {
    await refused(await sent(bytes), 431, 'HEADERS_TOO_LARGE');
  });

  it('of 3000 short lines is too many, where their size is allowed', async () => {
    const wide = await startApp({ primaries: [upstream], flags: ['--max-header-size=1mb'] });
    const body = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';
    const flood = requestBytes('POST /x', [...lines(3_000), `Content-Length: ${body.length}`], body);
    await refused(await sent(flood, wide), 431, 'HEADERS_TOO_LARGE');
    expect(upstream.requests.map(({ target }) => target)).toEqual(['/alive']);
  });

  it('that comes in pieces and grows too large is told so', async () => {
    const client = await sent('GET /x HTTP/1.1\r\nHost: a\r\nX: ');
    const feed = setInterval(() => client.socket.write('x'.repeat(2_000)), 5);
    try {
      await refused(client, 431, 'HEADERS_TOO_LARGE');
    } finally {
      clearInterval(feed);
    }
  });
});

describe('the target', () => {
  it('of MAX_URL passes', async () => {
    const client = await sent(requestBytes(`GET /${'x'.repeat(2_047)}`));
    expect((await client.response()).status).toBe(200);
  });

  it.each([2_048, 5_000, 100_000])('of 1 + %d bytes is too long', async (length) => {
    await refused(await sent(requestBytes(`GET /${'x'.repeat(length)}`)), 414, 'URL_TOO_LONG');
  });
});

describe('Expect', () => {
  it('100-continue is met when the body is wanted', async () => {
    const client = await sent(requestBytes('POST /x', ['Content-Length: 3', 'Expect: 100-Continue']));
    await new Promise((resolve) => client.socket.once('data', resolve));
    client.send('abc');
    const response = await client.response();
    expect([response.status, response.interim.length]).toEqual([200, 1]);
    const [request] = upstream.requests;
    expect([request?.body.toString(), request?.headers('expect')]).toEqual(['abc', []]);
  });

  it.each([
    ['no body', requestBytes('GET /x', ['Expect: 100-continue'])],
    ['an empty body', requestBytes('POST /x', ['Content-Length: 0', 'Expect: 100-continue'])],
    ['HTTP/1.0', 'POST /x HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc'],
  ])('100-continue with %s gets no interim answer', async (_, bytes) => {
    const response = await (await sent(bytes)).response();
    expect([response.status, response.interim]).toEqual([200, []]);
  });

  it.each([
    ['a body that is too large', ['Content-Length: 20000'], 413, 'BODY_TOO_LARGE'],
    ['a malformed head', ['Host: a b', 'Content-Length: 3'], 400, 'BAD_REQUEST'],
  ])('100-continue with %s is refused without an interim answer', async (_, more, status, code) => {
    await refused(await sent(requestBytes('POST /x', [...more, 'Expect: 100-continue'])), status, code);
  });

  it('of anything else is refused', async () => {
    const client = await sent(requestBytes('POST /x', ['Content-Length: 3', 'Expect: a miracle']));
    await refused(client, 417, 'EXPECTATION_FAILED');
  });
});

describe('a client that is slow', () => {
  it('with its first byte, its request line or its headers gets 408 after CLIENT_HEADER_TIMEOUT', async () => {
    const beginnings = ['', 'GET /x HT', 'GET /x HTTP/1.1\r\nHost: a\r\nX: 1', 'GET /drip HTTP/1.1\r\nX: '];
    const slow = await startApp({ primaries: [upstream], flags: ['--client-header-timeout=1s'] });
    const startMs = performance.now();
    const clients = await Promise.all(beginnings.map((bytes) => sent(bytes, slow)));
    // The last one goes on, byte by byte.
    const feed = setInterval(() => clients[3]?.socket.write('x'), 50);
    try {
      await Promise.all(clients.map((client) => client.head()));
      // The default is 15 s. The time is kept to half a second.
      expect(performance.now() - startMs).toBeGreaterThan(1_000 - 10);
      expect(performance.now() - startMs).toBeLessThan(14_000);
      await Promise.all(clients.map((client) => refused(client, 408, 'CLIENT_TOO_SLOW')));
    } finally {
      clearInterval(feed);
    }
  });

  it.each([
    ['a length', requestBytes('POST /x', ['Content-Length: 100'], 'only this')],
    ['chunks', requestBytes('POST /x', ['Transfer-Encoding: chunked'], '3\r\nabc\r\n')],
  ])('with a body that has %s gets 408 after CLIENT_BODY_TIMEOUT', async (_, bytes) => {
    const clock = new ManualClock();
    const slow = await startApp({ primaries: [upstream], flags: ['--client-body-timeout=20s'], clock });
    const before = clock.pendingTimers;
    const client = await sent(bytes, slow);
    // One for all connections, and one for this body.
    await until(() => clock.pendingTimers > before + 1, 'the waiting for a body');
    // Bytes begin the time anew; they are there when their timer is.
    clock.advance(19_999);
    expect(client.connection).toBe('open');
    clock.advance(1);
    const response = await client.response();
    expect([response.status, response.header('connection')]).toEqual([408, 'close']);
    // The rest of an upload is waited for before the connection is closed.
    clock.advance(2_000);
    await client.ended();
    expect(upstream.requests).toHaveLength(0);
  });

  it('in reading an idle connection is closed after CLIENT_KEEP_ALIVE', async () => {
    const short = await startApp({ primaries: [upstream], flags: ['--client-keep-alive=50ms'] });
    const client = await sent(requestBytes('GET /x'), short);
    await client.response();
    expect(await client.ended()).toBe('fin');
  });
});

describe('connections over MAX_CONNECTIONS', () => {
  it('are closed, and taken again when one has ended', async () => {
    const few = await startApp({ primaries: [upstream], flags: ['--max-connections=2'] });
    const [first, second] = [
      await sent(requestBytes('GET /1'), few),
      await sent(requestBytes('GET /2'), few),
    ];
    await Promise.all([first.response(), second.response()]);
    const third = await RawClient.connect(few.port);
    expect(await third.ended()).not.toBe('open');
    first.leave();
    const fourth = await until(async () => {
      const client = await RawClient.connect(few.port);
      client.send(requestBytes('GET /4'));
      return client.response(2_000).catch(() => undefined);
    }, 'a connection that is taken');
    expect(fourth.status).toBe(200);
  });
});

describe('a client that leaves', () => {
  it.each([
    ['after its request line', 'GET /x HTTP/1.1\r\n'],
    ['in mid-body', requestBytes('POST /x', ['Content-Length: 100'], 'only this')],
  ])('%s is let go without a word', async (_, bytes) => {
    const client = await sent(bytes);
    client.socket.end();
    expect(await client.ended()).toBe('fin');
    await expect(client.response(100)).rejects.toThrow('no response');
    expect(upstream.requests).toHaveLength(0);
  });

  it('with a reset in mid-answer ends that one request only', async () => {
    upstream.next({
      at: 'body',
      run: (socket) =>
        socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(100_000)}`),
    });
    upstream.use(silence());
    const other = await sent(requestBytes('GET /other'));
    await other.head();
    const client = await sent(requestBytes('GET /left'));
    const request = await upstream.arrived(2);
    client.reset();
    other.reset();
    await within(
      Promise.all([request.closed, (await upstream.arrived()).closed]),
      5_000,
      'the ends upstream',
    );
    await until(() => app.logs.filter(({ result }) => result === 'client-left').length >= 2, 'the log lines');
    upstream.reset();
    expect((await rawRequest(app.port, requestBytes('GET /alive'))).text).toBe('A');
    expect(app.logs.some(({ msg }) => msg === 'Quarantined')).toBe(false);
  });
});
