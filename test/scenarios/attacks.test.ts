// Attacks on gateways, replayed with bytes from either side: no upstream sees a request that nobody framed, no
// client an answer that was put together of two, and the program goes on.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, type Behaviour, interim, raw, thenClose } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, type RawResponse, rawRequest, requestBytes } from '../support/raw-client.ts';

let upstream: FakeUpstream;
let app: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  app = await startApp({ primaries: [upstream], flags: ['--error-time-to-live-minutes=0.00002'] });
});

beforeEach(() => upstream.reset());

afterEach(async () => {
  // Alive, and the upstream is asked again.
  upstream.reset();
  await expect.poll(async () => (await rawRequest(app.port, requestBytes('GET /alive'))).text).toBe('A');
  upstream.reset();
});

async function sent(...parts: (string | Buffer)[]): Promise<RawClient> {
  const client = await RawClient.connect(app.port);
  for (const part of parts) client.send(part);
  return client;
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const HOST = 'Host: a';
const POST = 'POST /x HTTP/1.1';
const CHUNKS = 'Transfer-Encoding: chunked';
const INNER = 'GET /inner HTTP/1.1\r\nHost: a\r\n\r\n';
const chunk = (data: string) => `${data.length.toString(16)}\r\n${data}\r\n`;

/** The targets that reached the upstream; what is no HTTP reached it never. */
function reached(): string[] {
  expect(upstream.malformed).toEqual([]);
  return upstream.requests.map(({ target }) => target);
}

describe('what reaches the upstream of a request', () => {
  it('is this, byte for byte', async () => {
    await rawRequest(
      app.port,
      requestBytes(
        'POST /p?q=%20+',
        ['Host: shop.test', 'accept: */*', 'X-A:  spaced \t', 'Cookie: a', 'Cookie: b', 'X-Request-Id: i-1'],
        'body',
      ),
    );
    const { message } = await upstream.arrived();
    const via = message.header('via');
    expect([message.startLine, ...message.headerLines]).toEqual([
      'POST /p?q=%20+ HTTP/1.1',
      `host: 127.0.0.1:${upstream.port}`,
      'connection: keep-alive',
      'accept: */*',
      'X-A: spaced',
      'Cookie: a',
      'Cookie: b',
      `Via: ${via}`,
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Proto: http',
      'X-Request-Id: i-1',
      'X-Forwarded-Host: shop.test',
      'content-length: 4',
    ]);
    expect(message.text).toBe('body');
  });

  it.each([
    ['GET without a body', requestBytes('GET /x'), [[], []]],
    ['POST without a body', requestBytes('POST /x'), [['0'], []]],
    ['GET with a body', requestBytes('GET /x', [], 'abc'), [['3'], []]],
    ['chunks that are kept', `${head(POST, HOST, CHUNKS)}${chunk('abc')}0\r\n\r\n`, [['3'], []]],
    [
      'DELETE in chunks',
      `${head('DELETE /x HTTP/1.1', HOST, CHUNKS)}${chunk(INNER)}0\r\n\r\n`,
      [[`${INNER.length}`], []],
    ],
    [
      'OPTIONS in chunks',
      `${head('OPTIONS /x HTTP/1.1', HOST, CHUNKS)}${chunk(INNER)}0\r\n\r\n`,
      [[`${INNER.length}`], []],
    ],
    [
      'a Connection that names Content-Length',
      requestBytes('POST /x', ['Connection: content-length, transfer-encoding'], INNER),
      [[`${INNER.length}`], []],
    ],
  ])('is framed anew: %s', async (_, bytes, framing) => {
    expect((await (await sent(bytes)).response()).status).toBe(200);
    expect(reached()).toEqual(['/x']);
    const [request] = upstream.requests;
    expect([request?.headers('content-length'), request?.headers('transfer-encoding')]).toEqual(framing);
  });

  it('holds no trailer of the client', async () => {
    const bytes = `${head(POST, HOST, CHUNKS, 'Trailer: X-T')}${chunk('abc')}0\r\nX-T: 1\r\n\r\n`;
    await (await sent(bytes)).response();
    expect(reached()).toEqual(['/x']);
    expect(upstream.requests[0]?.headers('x-t')).toEqual([]);
  });

  it('has one host: the target’s, where it names another one than Host', async () => {
    await rawRequest(app.port, requestBytes('GET http://target.test/x', ['Host: other.test']));
    const request = await upstream.arrived();
    expect([request.target, request.headers('x-forwarded-host')]).toEqual(['/x', ['target.test']]);
    expect(request.headerLines.join()).not.toContain('other.test');
  });
});

describe('a request that two servers could read in two ways', () => {
  it.each([
    ['lines that end with LF alone', 'POST /x HTTP/1.1\nHost: a\nContent-Length: 0\n\n'],
    ['a line feed in a value', head(POST, 'Host: a\nX: 1')],
    ['CR CR LF', 'POST /x HTTP/1.1\r\r\nHost: a\r\n\r\n'],
    ['a tab before the coding', `${head(POST, HOST, 'Transfer-Encoding:\tgzip,\tchunked')}0\r\n\r\n`],
    ['a vertical tab behind it', `${head(POST, HOST, 'Transfer-Encoding: chunked\x0b')}0\r\n\r\n`],
    ['a folded coding', `${head(POST, HOST, 'X: 1', ' Transfer-Encoding: chunked')}0\r\n\r\n`],
    ['a coding with a parameter', `${head(POST, HOST, 'Transfer-Encoding: chunked;q=1')}0\r\n\r\n`],
    ['identity', `${head(POST, HOST, 'Transfer-Encoding: identity')}0\r\n\r\n`],
    ['an empty coding', `${head(POST, HOST, 'Transfer-Encoding:')}0\r\n\r\n`],
    ['a length in hex', `${head(POST, HOST, 'Content-Length: 0x3')}abc`],
    ['a length with an exponent', `${head(POST, HOST, 'Content-Length: 3e0')}abc`],
    ['an empty length', `${head(POST, HOST, 'Content-Length:')}abc`],
    ['a chunk size with 0x', `${head(POST, HOST, CHUNKS)}0x3\r\nabc\r\n0\r\n\r\n`],
    ['a negative chunk size', `${head(POST, HOST, CHUNKS)}-3\r\nabc\r\n0\r\n\r\n`],
    ['a chunk size over all bounds', `${head(POST, HOST, CHUNKS)}fffffffffffffffff\r\nabc\r\n0\r\n\r\n`],
    ['a line feed in a chunk extension', `${head(POST, HOST, CHUNKS)}3;a\nb\r\nabc\r\n0\r\n\r\n`],
    ['chunk data without its end', `${head(POST, HOST, CHUNKS)}3\r\nabc0\r\n\r\n`],
  ])('is refused: %s', async (_, bytes) => {
    const client = await sent(`${bytes}${INNER}`);
    const response = await client.response();
    expect([response.status, response.header('connection')]).toEqual([400, 'close']);
    expect(await client.ended()).not.toBe('open');
    expect(reached()).toEqual([]);
  });

  it('is the last one that is read from its connection, whatever comes later', async () => {
    const client = await sent(head('POST /x HTTP/1.1', HOST, HOST, CHUNKS));
    expect((await client.response()).status).toBe(400);
    client.send(`0\r\n\r\n${INNER}`);
    expect(await client.ended()).not.toBe('open');
    expect(reached()).toEqual([]);
  });

  it('is not made of what follows a body: that is another request, and judged as one', async () => {
    const client = await sent(`${requestBytes('POST /x', ['Content-Length: 3'], 'abc').toString()}SMUGGLED`);
    expect((await client.response()).text).toBe('A');
    client.send(' /y HTTP/1.1\r\n\r\n');
    expect((await client.response()).status).toBe(400);
    expect(reached()).toEqual(['/x']);
  });
});

describe('an answer that could be read in two ways', () => {
  const OTHER = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother';

  /** What a client gets on one connection in answer to two requests. */
  async function twice(behaviour: Behaviour, method = 'GET'): Promise<readonly RawResponse[]> {
    upstream.next(behaviour);
    const client = await sent(requestBytes(`${method} /1`));
    const first = await client.response();
    client.send(requestBytes('GET /2'));
    const second = await client.response();
    expect(client.unread).toHaveLength(0);
    return [first, second];
  }

  it.each([
    [
      'a length beside chunks',
      `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n${CHUNKS}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      [200, 502],
    ],
    [
      'chunks beside a length',
      `HTTP/1.1 200 OK\r\n${CHUNKS}\r\nContent-Length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n`,
      [200, 502],
    ],
    ['another answer behind it', `HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc${OTHER}`, [200]],
    ['another answer behind 204', `HTTP/1.1 204 No\r\n\r\n${OTHER}`, [204]],
    ['another answer behind 304', `HTTP/1.1 304 No\r\n\r\n${OTHER}`, [304]],
    ['a body of 204', 'HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\nother', [204, 502]],
    ['a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 3\r\n\r\nabc', [200, 502]],
    ['lines that end with LF alone', 'HTTP/1.1 200 OK\nContent-Length: 3\n\nabc', [200, 502]],
  ])('%s: the second request gets its own', async (_, bytes, statuses) => {
    const [first, second] = await twice(raw(bytes));
    expect(statuses).toContain(first?.status);
    expect(first?.text).not.toContain('other');
    if (first?.status === 200) expect(first.text).toBe('abc');
    await expect.poll(async () => second?.status === 200 || upstream.requests.length > 0).toBe(true);
    expect(second?.text).not.toContain('other');
  });

  it('a body of HEAD: the second request gets its own', async () => {
    const [first, second] = await twice(raw(`HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother`), 'HEAD');
    expect([first?.status, first?.text, second?.text]).toEqual([200, '', 'A']);
  });

  it.each([
    ['an unknown coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\nabc'],
    ['a coding behind chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\nabc'],
    ['a coding that is nearly chunked', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: x: chunked\r\n\r\n0\r\n\r\n'],
    ['chunks twice', `HTTP/1.1 200 OK\r\n${CHUNKS}\r\n${CHUNKS}\r\n\r\n3\r\nabc\r\n0\r\n\r\n`],
  ])('%s: 502, for nobody here can undo it', async (_, bytes) => {
    upstream.next(thenClose(raw(bytes)));
    expect((await (await sent(requestBytes('GET /x'))).response()).status).toBe(502);
  });
});

describe('what ends a careless proxy', () => {
  it.each([
    ['a control character in the reason', 'HTTP/1.1 200 O\x01K\r\nContent-Length: 2\r\n\r\nok'],
    ['bytes over 127 in the reason', 'HTTP/1.1 200 \xe9t\xe9\r\nContent-Length: 2\r\n\r\nok'],
    ['no reason', 'HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok'],
    ['trailers', `HTTP/1.1 200 OK\r\n${CHUNKS}\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n`],
    ['a trailer with a length', 'HTTP/1.1 200 OK\r\nTrailer: X-T\r\nContent-Length: 2\r\n\r\nok'],
  ])('%s, to an HTTP/1.1 and to an HTTP/1.0 client', async (_, bytes) => {
    upstream.use(raw(bytes));
    for (const version of ['1.1', '1.0']) {
      const response = await rawRequest(app.port, `GET /x HTTP/${version}\r\nHost: a\r\n\r\n`);
      expect([response.status, response.text, response.complete]).toEqual([200, 'ok', true]);
      expect(response.headers('x-t')).toEqual([]);
    }
  });

  it('a client that resets while its answer is under way, many times at once', async () => {
    upstream.use({
      at: 'body',
      run: (socket) => socket.write(`HTTP/1.1 200 OK\r\n${CHUNKS}\r\n\r\n${'1\r\nx\r\n'.repeat(30_000)}`),
    });
    const clients = await Promise.all(Array.from({ length: 50 }, () => sent(requestBytes('GET /x'))));
    await upstream.arrived(20);
    for (const client of clients) client.reset();
    for (const request of upstream.requests) await request.closed;
  });
});

describe('interim answers', () => {
  const hints = interim(103, [['Link', '</a.css>; rel=preload']], interim(102, [], answer({ body: 'page' })));

  it('102 and 103 reach an HTTP/1.1 client', async () => {
    upstream.use(hints);
    const response = await rawRequest(app.port, requestBytes('GET /x'));
    expect(response.interim.map(({ startLine }) => startLine.split(' ')[1])).toEqual(['103', '102']);
    expect(response.text).toBe('page');
  });

  it('none reaches an HTTP/1.0 client', async () => {
    upstream.use(hints);
    const response = await rawRequest(app.port, 'GET /x HTTP/1.0\r\nHost: a\r\n\r\n');
    expect([response.interim, response.text]).toEqual([[], 'page']);
  });

  it('a hint that is no link costs nothing', async () => {
    upstream.use(interim(103, [['Link', 'nonsense']], answer({ body: 'page' })));
    expect((await rawRequest(app.port, requestBytes('GET /x'))).text).toBe('page');
  });
});

it('a streamed answer keeps bytes over 127 and repeated lines as they are', async () => {
  const lines = [
    ['X-Name', 'caf\xe9'],
    ['Set-Cookie', 'a=\xff'],
    ['Set-Cookie', 'b'],
  ] as const;
  upstream.use(answer({ headers: lines, body: 'x'.repeat(100_000) }));
  const response = await rawRequest(app.port, requestBytes('GET /x'));
  expect([response.headers('x-name'), response.headers('set-cookie')]).toEqual([
    ['caf\xe9'],
    ['a=\xff', 'b'],
  ]);
  expect(response.body).toHaveLength(100_000);
});

it('an HTTP/1.0 client that keeps its connection gets a length, or the end', async () => {
  const keep = 'GET /x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n';
  upstream.next(
    raw(`HTTP/1.1 200 OK\r\n${CHUNKS}\r\n\r\n${(20_000).toString(16)}\r\n${'x'.repeat(20_000)}\r\n0\r\n\r\n`),
  );
  const small = await rawRequest(app.port, keep);
  expect([small.body.length, small.headers('transfer-encoding')]).toEqual([20_000, []]);
  const large = 'x'.repeat(100_000);
  upstream.next(
    raw(`HTTP/1.1 200 OK\r\n${CHUNKS}\r\n\r\n${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`),
  );
  const streamed = await rawRequest(app.port, keep);
  expect([streamed.body.length, streamed.complete, streamed.headers('transfer-encoding')]).toEqual([
    100_000,
    true,
    [],
  ]);
});
