// What a client sends reaches the upstream unchanged, and what the upstream answers reaches the client
// unchanged: method, target, body, status and bytes. The header lines have a file of their own.
import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, earlyAnswer, interim, raw } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { chunked, RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { EventStream } from '../support/streams.ts';

const everyByte = Buffer.from(Array.from({ length: 256 }, (_, index) => index));

let upstream: FakeUpstream;
/** In front of the upstream's root. */
let plain: Daemon;
/** In front of a path, a query and a user of the upstream. */
let based: Daemon;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  const user = upstream.url.replace('http://', 'http://us%40er:pa%3Ass@');
  [plain, based] = await Promise.all([
    startBalancer({ primaries: [`${upstream.url} name=root`] }),
    startBalancer({ primaries: [`${user}/v2/KEY?net=main name=with-path`] }),
  ]);
});

beforeEach(() => upstream.reset());

/** The target that arrived at the upstream; undefined when none did. */
async function targetThrough(daemon: Daemon, target: string): Promise<string | undefined> {
  const response = await rawRequest(daemon.port, requestBytes(`GET ${target}`));
  const arrived = upstream.requests[0]?.target;
  expect(response.status).toBe(arrived === undefined ? 400 : 200);
  return arrived;
}

describe('the target', () => {
  it.each([
    '/',
    '/foo?a=b',
    '/%7Euser/%E4//x/?q=%20&q=+',
    '/a/../b/%2e%2e/./c',
    '/a;b=c/~d/(e)/*',
    '/?',
    '/?x=/../y',
  ])('%s stays as it is in front of an upstream without a path', async (target) => {
    expect(await targetThrough(plain, target)).toBe(target);
  });

  it.each([
    ['/', '/v2/KEY?net=main'],
    ['/?x=1', '/v2/KEY?net=main&x=1'],
    ['/foo', '/v2/KEY/foo?net=main'],
    ['/foo/?x=1&y=%2F', '/v2/KEY/foo/?net=main&x=1&y=%2F'],
    ['/a..b/..c/%2e%2ed', '/v2/KEY/a..b/..c/%2e%2ed?net=main'],
    ['/foo?x=/../y', '/v2/KEY/foo?net=main&x=/../y'],
  ])("%s is put behind the upstream's own path and query", async (target, expected) => {
    expect(await targetThrough(based, target)).toBe(expected);
  });

  it.each(['/..', '/../other', '/a/../../other', '/%2e%2e/other', '/a/%2E./x', '/.%2e', '/a/..?x=1'])(
    "%s can't climb out of the upstream's own path",
    async (target) => {
      expect(await targetThrough(based, target)).toBeUndefined();
    },
  );

  it('in absolute form arrives in origin form, under the host of the upstream', async () => {
    await rawRequest(
      plain.port,
      requestBytes('GET http://elsewhere.test/deep?x=1', ['Host: elsewhere.test']),
    );
    expect(upstream.requests[0]?.target).toBe('/deep?x=1');
    expect(upstream.requests[0]?.header('host')).toBe(`127.0.0.1:${upstream.port}`);
  });
});

describe('the body of a request', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'of %s arrives byte for byte',
    async (method) => {
      await http(`${plain.url}/x`, { method, body: everyByte, headers: { 'Content-Length': '256' } });
      const request = await upstream.arrived();
      expect(request.method).toBe(method);
      expect(request.body.equals(everyByte)).toBe(true);
    },
  );

  it.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'of a chunked %s arrives byte for byte',
    async (method) => {
      const body = Buffer.concat([everyByte, everyByte]);
      const bytes = requestBytes(`${method} /x`, ['Transfer-Encoding: chunked'], chunked(body, 100));
      expect((await rawRequest(plain.port, bytes)).status).toBe(200);
      expect(upstream.requests).toHaveLength(1);
      expect(upstream.requests[0]?.body.equals(body)).toBe(true);
      expect(upstream.malformed).toEqual([]);
    },
  );

  it('of 3 MB is streamed byte for byte', async () => {
    const body = Buffer.alloc(3_000_000, everyByte);
    expect((await post(`${plain.url}/x`, body)).status).toBe(200);
    expect((await upstream.arrived()).body.equals(body)).toBe(true);
  });

  it('may be refused by the upstream before it is whole', async () => {
    upstream.use(earlyAnswer({ status: 403, body: 'no' }));
    const client = await RawClient.connect(plain.port);
    client.send(requestBytes('POST /x', ['Content-Length: 3000000'], Buffer.alloc(1_500_000)));
    const response = await client.response();
    expect([response.status, response.text]).toEqual([403, 'no']);
  });
});

describe('the answer', () => {
  it.each([200, 201, 206, 301, 302, 307, 400, 401, 404, 418, 451, 501, 599])(
    'with status %i is passed on with its reason and bytes',
    async (status) => {
      upstream.use(answer({ status, reason: 'As It Likes', headers: [['X-A', '1']], body: everyByte }));
      const response = await rawRequest(plain.port, requestBytes('GET /x'));
      expect([response.status, response.reason, response.header('x-a')]).toEqual([
        status,
        'As It Likes',
        '1',
      ]);
      expect(response.body.equals(everyByte)).toBe(true);
      expect(upstream.requests).toHaveLength(1);
    },
  );

  it.each([302, 308])('that redirects (%i) goes to the client with its Location', async (status) => {
    upstream.use(answer({ status, headers: [['Location', `${upstream.url}/elsewhere`]] }));
    const response = await rawRequest(plain.port, requestBytes('GET /x'));
    expect(response.header('location')).toBe(`${upstream.url}/elsewhere`);
    expect(upstream.requests).toHaveLength(1);
  });

  it('to HEAD has the headers and no body, and the connection stays in step', async () => {
    upstream.use(answer({ body: 'five!' }));
    const client = await RawClient.connect(plain.port);
    client.send(requestBytes('HEAD /x'));
    const head = await client.response();
    expect([head.header('content-length'), head.body.length]).toEqual(['5', 0]);
    client.send(requestBytes('GET /x'));
    expect((await client.response()).text).toBe('five!');
    expect(client.unread).toHaveLength(0);
  });

  it.each([204, 304])('%i has no body, and the connection stays in step', async (status) => {
    upstream.next(answer({ status, headers: [['ETag', '"e"']] }));
    const client = await RawClient.connect(plain.port);
    client.send(requestBytes('GET /x'));
    const empty = await client.response();
    expect([empty.status, empty.header('etag'), empty.body.length]).toEqual([status, '"e"', 0]);
    client.send(requestBytes('GET /x'));
    expect((await client.response()).text).toBe('A');
  });

  it.each(['plain', 'rpc'])('that is compressed passes as it is (%s)', async (kind) => {
    const body = gzipSync('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
    upstream.use(answer({ headers: [['Content-Encoding', 'gzip']], body }));
    const call = kind === 'rpc' ? '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}' : 'x';
    const response = await rawRequest(plain.port, requestBytes('PUT /x', ['Accept-Encoding: gzip'], call));
    expect(upstream.requests[0]?.header('accept-encoding')).toBe('gzip');
    expect([response.status, response.header('content-encoding')]).toEqual([200, 'gzip']);
    expect(response.body.equals(body)).toBe(true);
  });

  it('without a length comes whole, up to the end of the connection', async () => {
    upstream.use({ at: 'body', run: (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nup to the end') });
    const response = await rawRequest(plain.port, requestBytes('GET /x'));
    expect([response.complete, response.text]).toEqual([true, 'up to the end']);
  });

  it('to an HTTP/1.0 client has no chunks', async () => {
    upstream.use(raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'));
    const response = await rawRequest(plain.port, 'GET /x HTTP/1.0\r\nHost: a\r\n\r\n');
    expect([response.header('transfer-encoding'), response.text]).toEqual([undefined, 'abc']);
  });

  it('may be preceded by early hints', async () => {
    upstream.use(interim(103, [['Link', '</a.css>; rel=preload']], answer({ body: 'page' })));
    const response = await rawRequest(plain.port, requestBytes('GET /x'));
    expect(response.text).toBe('page');
    expect(response.interim.map((hints) => hints.header('link'))).toEqual(['</a.css>; rel=preload']);
  });

  it('that streams is not held back', async () => {
    const events = new EventStream();
    upstream.use(events.behaviour);
    const client = await RawClient.connect(plain.port);
    client.send(requestBytes('GET /events'));
    for (const count of [1, 2]) {
      await events.push(`event ${count}`);
      const response = await client.head();
      await expect.poll(() => response.text).toContain(`event ${count}\n\n`);
      expect(response.complete).toBe(false);
    }
    await events.end();
    expect((await client.response()).complete).toBe(true);
  });
});

it('two requests in one packet are answered in their order', async () => {
  const client = await RawClient.connect(plain.port);
  upstream.use({ at: 'body', run: (socket, request) => answerWithTarget(socket, request.target) });
  client.send(requestBytes('GET /first'));
  client.send(requestBytes('GET /second'));
  expect((await client.response()).text).toBe('/first');
  expect((await client.response()).text).toBe('/second');
});

function answerWithTarget(socket: { write(text: string): unknown }, target: string): void {
  // The first answer is the slower one.
  const delayMs = target === '/first' ? 100 : 0;
  setTimeout(
    () => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`),
    delayMs,
  );
}
