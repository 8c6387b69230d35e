// Requests that are refused before any upstream is asked: too large, too slow, malformed.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { chunked, RawClient, requestBytes } from '../support/raw-client.ts';

let upstream: FakeUpstream;
let daemon: Daemon;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  daemon = await startBalancer({ primaries: [upstream], env: { MAX_BODY: '100kb' } });
});

beforeEach(() => upstream.reset());

async function sent(bytes: string | Buffer, { port } = daemon): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  return client;
}

async function aliveAndUntouched(): Promise<void> {
  expect(upstream.requests.map(({ target }) => target)).toEqual([]);
  expect(upstream.malformed).toEqual([]);
  expect((await http(`${daemon.url}/x`)).status).toBe(200);
}

describe('a body over MAX_BODY', () => {
  const large = Buffer.alloc(200 * 1024, 'x');

  it.each([
    ['with a length', requestBytes('POST /x', [], large)],
    ['in chunks', requestBytes('POST /x', ['Transfer-Encoding: chunked'], chunked(large, 8_000))],
    ['with a length, of a GET', requestBytes('GET /x', [], large)],
  ])('%s gets 413 and a problem document', async (_, bytes) => {
    const response = await (await sent(bytes)).response();
    expect(response.status).toBe(413);
    expect(JSON.parse(response.text)).toMatchObject({ code: 'BODY_TOO_LARGE' });
    await aliveAndUntouched();
  });

  it('that says it is JSON gets a JSON-RPC error without an id', async () => {
    const client = await sent(requestBytes('POST /', ['Content-Type: application/json'], large));
    const response = await client.response();
    expect(response.status).toBe(413);
    const error = { code: -32600, data: { code: 'BODY_TOO_LARGE' } };
    expect(JSON.parse(response.text)).toMatchObject({ jsonrpc: '2.0', id: null, error });
    await aliveAndUntouched();
  });

  it('is refused without being asked for', async () => {
    const client = await sent(requestBytes('POST /x', ['Content-Length: 999999999', 'Expect: 100-continue']));
    const response = await client.response();
    expect([response.status, response.interim]).toEqual([413, []]);
    await aliveAndUntouched();
  });

  it('is not read to its end', async () => {
    const client = await sent(requestBytes('POST /x', ['Transfer-Encoding: chunked']));
    client.send(Buffer.concat([Buffer.from('30000\r\n'), Buffer.alloc(0x30000)]));
    expect((await client.response()).status).toBe(413);
    expect(await client.ended()).not.toBe('open');
    await aliveAndUntouched();
  });
});

it('a body at MAX_BODY passes', async () => {
  const client = await sent(requestBytes('POST /x', [], Buffer.alloc(100 * 1024)));
  expect((await client.response()).status).toBe(200);
});

it('a body that is asked for comes after 100 Continue', async () => {
  const client = await sent(requestBytes('POST /x', ['Content-Length: 3', 'Expect: 100-continue']));
  client.send('abc');
  const response = await client.response();
  expect(response.status).toBe(200);
  expect(response.interim.map(({ startLine }) => startLine)).toEqual(['HTTP/1.1 100 Continue']);
  expect(upstream.requests[0]?.body.toString()).toBe('abc');
});

const manyLines = (count: number) => Array.from({ length: count }, (_, index) => `X-${index}: 1`);

it.each([
  ['a target over MAX_URL', `GET /${'x'.repeat(9_000)}`, [], 414, 'URL_TOO_LONG'],
  ['101 header lines', 'GET /x', manyLines(100), 431, 'HEADERS_TOO_LARGE'],
  ['2000 header lines', 'POST /x', [...manyLines(2_000), 'Content-Length: 5'], 431, 'HEADERS_TOO_LARGE'],
  ['40 kB of header lines', 'GET /x', [`X: ${'x'.repeat(40_000)}`], 431, 'HEADERS_TOO_LARGE'],
  ['an Expect that nobody meets', 'GET /x', ['Expect: a miracle'], 417, 'EXPECTATION_FAILED'],
  ['TRACE', 'TRACE /x', [], 405, 'METHOD_NOT_ALLOWED'],
  ['CONNECT', 'CONNECT example.com:443', [], 405, 'METHOD_NOT_ALLOWED'],
])('%s is refused', async (_, start, lines, status, code) => {
  const response = await (await sent(requestBytes(start, lines))).response();
  expect(response.status).toBe(status);
  expect(response.text).toContain(code);
  await aliveAndUntouched();
});

it('100 header lines and a target of 8000 bytes pass', async () => {
  const client = await sent(requestBytes(`GET /${'x'.repeat(8_000)}`, manyLines(99)));
  expect((await client.response()).status).toBe(200);
});

describe('malformed', () => {
  it.each([
    ['two Host lines', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n'],
    ['no Host line', 'GET / HTTP/1.1\r\nX: 1\r\n\r\n'],
    ['a Host that is none', 'GET / HTTP/1.1\r\nHost: a b/c\r\n\r\n'],
    [
      'a length beside chunks',
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd'],
    ['a length that is no number', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +3\r\n\r\nabc'],
    ['an unknown coding', 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    [
      'a coding that is not quite chunked',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
    ],
    ['chunks in HTTP/1.0', 'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    [
      'a chunk size that is none',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n',
    ],
    ['no version', 'GET /\r\n\r\n'],
    ['no HTTP at all', '\x16\x03\x01\x02\x00\r\n\r\n'],
    ['blanks before a colon', 'GET / HTTP/1.1\r\nHost: a\r\nX : 1\r\n\r\n'],
    ['a folded line', 'GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n 2\r\n\r\n'],
    ['a control character in a value', 'GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n'],
    ['a fragment in the target', 'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a target that is no path', 'GET a/b HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a star that is not OPTIONS', 'GET * HTTP/1.1\r\nHost: a\r\n\r\n'],
  ])('%s: refused, and the connection closed', async (_, bytes) => {
    const client = await sent(`${bytes}`);
    const response = await client.response();
    expect([400, 501]).toContain(response.status);
    expect(response.complete).toBe(true);
    expect(await client.ended()).not.toBe('open');
    await aliveAndUntouched();
  });

  it('after a good request costs the good one nothing', async () => {
    upstream.use({
      at: 'body',
      run: (socket) =>
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'), 100),
    });
    const client = await sent(requestBytes('GET /good'));
    client.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n');
    expect((await client.response()).text).toBe('good');
    expect((await client.response()).status).toBe(400);
    expect(await client.ended()).not.toBe('open');
    expect(upstream.requests).toHaveLength(1);
  });

  it('after a good request, no HTTP at all costs the good one nothing', async () => {
    upstream.use({
      at: 'body',
      run: (socket) =>
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood'), 100),
    });
    const client = await sent(requestBytes('GET /good'));
    client.send('\x00\x01\x02\r\n\r\n');
    expect((await client.response()).text).toBe('good');
    expect(await client.ended()).not.toBe('open');
  });

  it('a Trailer line without chunks ends nothing', async () => {
    const client = await sent(requestBytes('GET /x', ['Trailer: X-T']));
    expect([200, 400]).toContain((await client.response()).status);
    upstream.reset();
    await aliveAndUntouched();
  });
});

describe('too slow', () => {
  it.each([
    ['headers that never end', 'GET /x HTTP/1.1\r\nHost: a\r\nX-A: '],
    ['a body that falls silent', requestBytes('POST /x', ['Content-Length: 100'], 'only this').toString()],
  ])('%s get 408, and the connection is closed', async (_, bytes) => {
    const env = { CLIENT_HEADER_TIMEOUT: '1s', CLIENT_BODY_TIMEOUT: '1s' };
    const client = await sent(bytes, await startBalancer({ primaries: [upstream], env }));
    // The defaults are 15 s and 30 s.
    const response = await client.response(2_000);
    expect(response.status).toBe(408);
    expect(await client.ended()).not.toBe('open');
    await aliveAndUntouched();
  });
});
