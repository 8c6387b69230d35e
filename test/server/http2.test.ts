// Requests and answers over HTTP/2: the same as over HTTP/1.1, in other words.
import { constants } from 'node:http2';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, interim, raw, rpcError } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { answerOn, Http2Client } from '../support/http2-client.ts';
import { until } from '../support/waiting.ts';
import { type SecureApp, startSecureApp } from './secure.ts';

let upstream: FakeUpstream;
let spare: FakeUpstream;
let app: SecureApp;
let client: Http2Client;

beforeAll(async () => {
  upstream = await FakeUpstream.start('A');
  spare = await FakeUpstream.start('B');
  app = await startSecureApp({
    primaries: [upstream],
    fallbacks: [spare],
    flags: [
      '--hedge=off',
      '--max-header-size=4kb',
      '--max-url=2kb',
      '--max-body=10kb',
      '--error-time-to-live-minutes=0.00002',
    ],
  });
  client = await Http2Client.connect(app.port);
});

beforeEach(() => {
  upstream.reset();
  spare.reset();
});

const call = JSON.stringify({ jsonrpc: '2.0', id: 7, method: 'eth_blockNumber', params: [] });

describe('a request over HTTP/2', () => {
  it('that is JSON-RPC is answered', async () => {
    const { status, text, headers } = await client.request('/', { body: call });
    expect([status, JSON.parse(text)]).toEqual([200, { jsonrpc: '2.0', id: 7, result: 'A' }]);
    expect(headers['x-forwarded-server']).toBe(`127.0.0.1:${upstream.port}`);
    expect(upstream.requests[0]?.body.toString()).toBe(call);
  });

  it('goes on to the next upstream', async () => {
    upstream.use(rpcError({ code: -32005, message: 'too many requests' }, 429));
    const { text } = await client.request('/', { body: call });
    expect(JSON.parse(text)).toMatchObject({ id: 7, result: 'B' });
  });

  it('reaches the upstream as HTTP/1.1', async () => {
    const { status, text, code } = await client.get('/a//b?x=1&y=%2e', { 'x-one': '1', te: 'trailers' });
    expect([status, text, code]).toEqual([200, 'A', 0]);
    const [request] = upstream.requests;
    expect([request?.method, request?.target]).toEqual(['GET', '/a//b?x=1&y=%2e']);
    expect(request?.headers('host')).toEqual([`127.0.0.1:${upstream.port}`]);
    expect(request?.headers('x-forwarded-host')).toEqual([`localhost:${app.port}`]);
    expect(request?.headers('x-forwarded-proto')).toEqual(['https']);
    expect(request?.headers('x-forwarded-for')).toEqual([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]);
    expect(request?.headers('via')).toEqual([expect.stringMatching(/^2\.0 rpc-load-balancer-/)]);
    expect(request?.headers('x-one')).toEqual(['1']);
    expect(
      ['te', 'transfer-encoding', 'connection', 'content-length'].flatMap((name) => request?.headers(name)),
    ).toEqual(['keep-alive']);
    expect(request?.headerLines.filter((line) => line.startsWith(':'))).toEqual([]);
  });

  it('has its cookie in one line again', async () => {
    await client.get('/', { cookie: ['a=1', 'b=2', 'c=3'] });
    expect(upstream.requests[0]?.headers('cookie')).toEqual(['a=1; b=2; c=3']);
  });

  it('keeps bytes above 127', async () => {
    await client.get('/', { 'x-latin': 'caf\xe9' });
    expect(upstream.requests[0]?.headers('x-latin')).toEqual(['caf\xe9']);
  });

  it.each([
    ['with a length', { 'content-length': '11' }],
    ['without a length', {}],
  ])('%s in its body arrives whole', async (_, headers) => {
    const { status } = await client.request('/x', { headers, body: 'hello world' });
    expect(status).toBe(200);
    expect(upstream.requests[0]?.body.toString()).toBe('hello world');
  });

  it('may say its host twice, if it says the same', async () => {
    const authority = `localhost:${app.port}`;
    expect((await client.get('/', { host: authority, ':authority': authority })).status).toBe(200);
    const other = await client.get('/', { host: 'evil.example', ':authority': authority });
    expect([other.status, JSON.parse(other.text)['code']]).toEqual([400, 'BAD_REQUEST']);
    expect(upstream.requests).toHaveLength(1);
  });

  it('with a bad host is refused, by us or by a newer nghttp2', async () => {
    const { status, text, code } = await client.get('/', { ':authority': 'a@b' });
    if (status === 0) expect(code).toBe(constants.NGHTTP2_PROTOCOL_ERROR);
    else expect([status, JSON.parse(text).code]).toEqual([400, 'BAD_REQUEST']);
    expect(upstream.requests).toHaveLength(0);
    expect((await client.get('/')).status).toBe(200);
  });

  it.each([
    ['a fragment', '/x#y', {}, 400, 'BAD_REQUEST'],
    [
      '101 header lines',
      '/',
      Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x${i}`, '1'])),
      431,
      'HEADERS_TOO_LARGE',
    ],
    [
      '500 header lines',
      '/',
      Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`x${i}`, '1'])),
      431,
      'HEADERS_TOO_LARGE',
    ],
    ['5 kB of headers', '/', { x: 'x'.repeat(5_000) }, 431, 'HEADERS_TOO_LARGE'],
    ['a long target', `/${'x'.repeat(2_100)}`, {}, 414, 'URL_TOO_LONG'],
    ['an unknown expectation', '/', { expect: 'a miracle' }, 417, 'EXPECTATION_FAILED'],
    ['TRACE', '/', { ':method': 'TRACE' }, 405, 'METHOD_NOT_ALLOWED'],
  ])('with %s is refused', async (_, path, headers, status, code) => {
    const refused = await client.get(path, headers);
    expect([refused.status, JSON.parse(refused.text)]).toEqual([status, expect.objectContaining({ code })]);
    expect(refused.headers).not.toHaveProperty('connection');
    expect(upstream.requests).toHaveLength(0);
    expect((await client.get('/')).status).toBe(200);
  });

  it('with far too many header lines costs its stream, not the connection', async () => {
    const lines = Object.fromEntries(Array.from({ length: 1_500 }, (_, i) => [`x${i}`, '1']));
    expect((await client.get('/', lines)).code).not.toBe(0);
    expect((await client.get('/')).status).toBe(200);
  });

  it('that is CONNECT is refused', async () => {
    const stream = client.session.request({ ':method': 'CONNECT', ':authority': 'a.example:443' });
    stream.on('error', () => {}).end();
    const { status, text } = await answerOn(stream);
    expect([status, JSON.parse(text)]).toEqual([
      405,
      expect.objectContaining({ code: 'METHOD_NOT_ALLOWED' }),
    ]);
  });

  it('that is OPTIONS * is about this server', async () => {
    const { status, headers } = await client.get('*', { ':method': 'OPTIONS' });
    expect([status, headers['allow']]).toEqual([204, expect.stringContaining('POST')]);
    expect(upstream.requests).toHaveLength(0);
  });

  it('with a body over MAX_BODY is refused, whether it says so or not', async () => {
    const body = Buffer.alloc(20_000);
    const said = await client.request('/x', { headers: { 'content-length': body.length }, body });
    const unsaid = await client.request('/x', { body });
    expect([said.status, unsaid.status]).toEqual([413, 413]);
    expect(upstream.requests).toHaveLength(0);
  });

  it('is told to continue when its body is wanted, and only then', async () => {
    const headers = { ':method': 'POST', ':path': '/x', expect: '100-continue', 'content-length': '3' };
    const stream = client.open(headers);
    stream.once('continue', () => stream.end('abc'));
    expect((await answerOn(stream)).status).toBe(200);
    const refused = client.open({ ...headers, 'content-length': '20000' });
    let continued = false;
    refused.once('continue', () => {
      continued = true;
    });
    expect((await answerOn(refused)).status).toBe(413);
    expect(continued).toBe(false);
  });

  it('to a status path is answered here', async () => {
    expect((await client.get('/readyz')).status).toBe(200);
    const { text, headers } = await client.get('/stats');
    expect([JSON.parse(text).length, headers['content-type']]).toEqual([2, 'application/json']);
    expect(upstream.requests).toHaveLength(0);
  });
});

describe('an answer over HTTP/2', () => {
  it('has the upstream’s headers without those about its connection', async () => {
    upstream.use(
      answer({
        status: 404,
        reason: 'Gone Fishing',
        headers: [
          ['Set-Cookie', 'a=1'],
          ['Set-Cookie', 'b=2'],
          ['X-Latin', 'caf\xe9'],
          ['Connection', 'keep-alive, X-Hop'],
          ['X-Hop', '1'],
          ['Keep-Alive', 'timeout=5'],
          ['Content-Type', 'text/one'],
          ['Content-Type', 'text/two'],
          ['X-Many', '1'],
          ['x-many', '2'],
          ['X-Many', '3'],
        ],
        body: 'none',
      }),
    );
    const { status, headers, text } = await client.get('/x');
    expect([status, text]).toEqual([404, 'none']);
    expect(headers['set-cookie']).toEqual(['a=1', 'b=2']);
    expect([headers['x-latin'], headers['content-type'], headers['x-many']]).toEqual([
      'caf\xe9',
      'text/one',
      '1, 2, 3',
    ]);
    expect(
      Object.keys(headers).filter((name) => /^(connection|x-hop|keep-alive|transfer-encoding)$/.test(name)),
    ).toEqual([]);
    expect(headers['content-length']).toBe('4');
  });

  it('to HEAD has the length and no body', async () => {
    upstream.use(raw('HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n'));
    const { status, headers, body, code } = await client.get('/x', { ':method': 'HEAD' });
    expect([status, headers['content-length'], body.length, code]).toEqual([200, '1234', 0, 0]);
  });

  it.each([204, 304])('of %i has no body', async (status) => {
    upstream.use(answer({ status }));
    expect(await client.get('/x')).toMatchObject({ status, text: '', code: 0 });
  });

  it('of 205 has none either, though the upstream sent one', async () => {
    upstream.use(answer({ status: 205, body: 'surplus' }));
    expect(await client.get('/x')).toMatchObject({ status: 205, text: '', code: 0 });
  });

  it('with a status that HTTP does not have is a 502', async () => {
    upstream.use(answer({ status: 799, body: 'odd' }));
    expect(await client.get('/x')).toMatchObject({ status: 502, text: 'odd', code: 0 });
  });

  it('may have early hints before it', async () => {
    upstream.use(interim(103, [['Link', '</a.css>; rel=preload']], answer({ body: 'x' })));
    const hinted = await client.get('/x');
    expect(hinted.interim).toEqual([
      expect.objectContaining({ ':status': 103, link: '</a.css>; rel=preload' }),
    ]);
    upstream.use(interim(102, [], answer({ body: 'x' })));
    expect((await client.get('/x')).interim).toEqual([expect.objectContaining({ ':status': 102 })]);
  });

  it('is logged like any other', async () => {
    await client.get('/logged');
    const line = await until(() => app.logs.find(({ path }) => path === '/logged'), 'the log line');
    expect(line).toMatchObject({ result: 'answered', status: 200, method: 'GET' });
  });
});

it('many requests share a connection', async () => {
  const answers = await Promise.all(Array.from({ length: 150 }, (_, i) => client.get(`/${i}`)));
  expect(answers.every(({ status, text }) => status === 200 && text === 'A')).toBe(true);
  expect(client.session.remoteSettings.maxConcurrentStreams).toBe(100);
});
