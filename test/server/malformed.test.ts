// Requests that no upstream may ever see: each is refused with an answer, its connection is closed, and what
// was framed before it costs nothing.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, answerByLabel, Gate, held } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { chunked, RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';

let upstream: FakeUpstream;
let app: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  app = await startApp({ primaries: [upstream] });
});

beforeEach(() => upstream.reset());

async function sent(...parts: (string | Buffer)[]): Promise<RawClient> {
  const client = await RawClient.connect(app.port);
  for (const part of parts) client.send(part);
  return client;
}

async function refused(client: RawClient, status: number, code: string): Promise<void> {
  const response = await client.response();
  expect([response.status, response.complete]).toEqual([status, true]);
  expect(response.header('content-type')).toBe('application/problem+json');
  expect(response.header('connection')).toBe('close');
  expect(JSON.parse(response.text)).toMatchObject({ type: 'about:blank', status, code });
  expect(await client.ended()).toBe('fin');
}

/** Only what these say has reached the upstream, and the program is well. */
async function reached(...targets: string[]): Promise<void> {
  expect(upstream.requests.map(({ target }) => target)).toEqual(targets);
  expect(upstream.malformed).toEqual([]);
  expect((await rawRequest(app.port, requestBytes('GET /alive'))).text).toBe('A');
}

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const POST = 'POST /x HTTP/1.1';
const HOST = 'Host: a';
const CHUNKS = 'Transfer-Encoding: chunked';
const NO_CHUNKS = '0\r\n\r\n';

describe('is answered with 400:', () => {
  it.each([
    ['two Host lines', head('GET /x HTTP/1.1', HOST, 'Host: b')],
    ['the same Host twice', head('GET /x HTTP/1.1', HOST, HOST)],
    ['no Host', head('GET /x HTTP/1.1', 'X: 1')],
    ['a Host with a blank', head('GET /x HTTP/1.1', 'Host: a b')],
    ['a Host with a path', head('GET /x HTTP/1.1', 'Host: a/b')],
    ['a Host with a user', head('GET /x HTTP/1.1', 'Host: u@a')],
    ['a Host with two values', head('GET /x HTTP/1.1', 'Host: a, b')],
    ['a Host with a port that is none', head('GET /x HTTP/1.1', 'Host: a:8x')],
    ['a bad Host of an absolute target', head('GET http://a@b/x HTTP/1.1', HOST)],
    ['a length beside chunks', head(POST, HOST, 'Content-Length: 5', CHUNKS) + NO_CHUNKS],
    ['chunks beside a length', head(POST, HOST, CHUNKS, 'Content-Length: 5') + NO_CHUNKS],
    ['two lengths', `${head(POST, HOST, 'Content-Length: 3', 'Content-Length: 4')}abcd`],
    ['the same length twice', `${head(POST, HOST, 'Content-Length: 3', 'Content-Length: 3')}abc`],
    ['a list of lengths', `${head(POST, HOST, 'Content-Length: 3, 3')}abc`],
    ['a negative length', `${head(POST, HOST, 'Content-Length: -3')}abc`],
    ['a signed length', `${head(POST, HOST, 'Content-Length: +3')}abc`],
    ['a length over all bounds', `${head(POST, HOST, `Content-Length: ${'9'.repeat(30)}`)}abc`],
    ['an unknown coding', head(POST, HOST, 'Transfer-Encoding: gzip') + NO_CHUNKS],
    ['a coding before chunks', head(POST, HOST, 'Transfer-Encoding: gzip, chunked') + NO_CHUNKS],
    ['chunks twice', head(POST, HOST, CHUNKS, CHUNKS) + NO_CHUNKS],
    ['chunks in chunks', head(POST, HOST, 'Transfer-Encoding: chunked, chunked') + NO_CHUNKS],
    ['a coding that is nearly chunked', head(POST, HOST, 'Transfer-Encoding: xchunked') + NO_CHUNKS],
    ['a coding in quotes', head(POST, HOST, 'Transfer-Encoding: "chunked"') + NO_CHUNKS],
    ['chunks in HTTP/1.0', head('POST /x HTTP/1.0', HOST, CHUNKS) + NO_CHUNKS],
    ['a chunk size that is none', `${head(POST, HOST, CHUNKS)}xyz\r\n\r\n`],
    ['a chunk that is longer than its size', `${head(POST, HOST, CHUNKS)}1\r\nabc\r\n0\r\n\r\n`],
    ['no version', 'GET /x\r\n\r\n'],
    ['version 2.0', head('GET /x HTTP/2.0', HOST)],
    ['version 1.2', head('GET /x HTTP/1.2', HOST)],
    ['version 0.9', head('GET /x HTTP/0.9', HOST)],
    ['HTTP/2 with prior knowledge', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a fragment', head('GET /x#y HTTP/1.1', HOST)],
    ['a target that is no path', head('GET x HTTP/1.1', HOST)],
    ['a star that is not OPTIONS', head('GET * HTTP/1.1', HOST)],
    ['an absolute target of another scheme', head('GET ftp://a/x HTTP/1.1', HOST)],
    ['an unknown method in lower case', head('get /x HTTP/1.1', HOST)],
    ['a blank before a colon', head('GET /x HTTP/1.1', HOST, 'X : 1')],
    ['a folded line', head('GET /x HTTP/1.1', HOST, 'X: 1', ' 2')],
    ['a line without a colon', head('GET /x HTTP/1.1', HOST, 'nonsense')],
    ['a line without a name', head('GET /x HTTP/1.1', HOST, ': 1')],
    ['a control character in a value', head('GET /x HTTP/1.1', HOST, 'X: \x01')],
    ['a NUL in a value', head('GET /x HTTP/1.1', HOST, 'X: \0')],
    ['a lone CR in a value', head('GET /x HTTP/1.1', HOST, 'X: a\rb')],
  ])('%s', async (_, bytes) => {
    await refused(await sent(bytes), 400, 'BAD_REQUEST');
    await reached();
  });
});

describe('is taken:', () => {
  it.each([
    ['HTTP/1.0 without Host', 'GET /x HTTP/1.0\r\n\r\n'],
    ['an empty Host', head('GET /x HTTP/1.1', 'Host:')],
    ['an IPv6 Host', head('GET /x HTTP/1.1', 'Host: [::1]:8080')],
    ['an absolute target', head('GET http://other.example/x HTTP/1.1', HOST)],
    ['Chunked in capitals', head(POST, HOST, 'Transfer-Encoding: Chunked') + NO_CHUNKS],
    ['a length of 0', head(POST, HOST, 'Content-Length: 0')],
    ['empty lines before the request', `\r\n\r\n${head('GET /x HTTP/1.1', HOST)}`],
    ['a Trailer line without chunks', head('GET /x HTTP/1.1', HOST, 'Trailer: X')],
    ['a chunk extension', `${head(POST, HOST, CHUNKS)}1;a=b\r\nx\r\n0\r\n\r\n`],
  ])('%s', async (_, bytes) => {
    const response = await (await sent(bytes)).response();
    expect([response.status, response.text]).toEqual([200, 'A']);
    await reached('/x');
  });
});

describe('methods', () => {
  it('TRACE is refused, and told what is allowed', async () => {
    const client = await sent(requestBytes('TRACE /x'));
    expect((await client.head()).header('allow')).toContain('GET');
    await refused(client, 405, 'METHOD_NOT_ALLOWED');
    await reached();
  });

  it('CONNECT is refused with an answer, and what follows is no request', async () => {
    const client = await sent(
      'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com\r\n\r\nGET /y HTTP/1.1\r\n',
    );
    expect((await client.head()).header('allow')).toContain('GET');
    await refused(client, 405, 'METHOD_NOT_ALLOWED');
    await reached();
  });

  it('OPTIONS * is about this server: it is answered here', async () => {
    const client = await sent('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n', requestBytes('GET /next'));
    const response = await client.response();
    expect([response.status, response.text]).toEqual([204, '']);
    expect(response.header('allow')).toContain('POST');
    expect((await client.response()).text).toBe('A');
    await reached('/next');
  });

  it('OPTIONS of a path goes to an upstream', async () => {
    expect((await (await sent(requestBytes('OPTIONS /x'))).response()).status).toBe(200);
    await reached('/x');
  });
});

describe('pipelined requests', () => {
  it('are worked on a few at a time, and all answered in order', async () => {
    const gate = new Gate();
    upstream.use(held(gate, answerByLabel('A')));
    const targets = Array.from({ length: 100 }, (_, index) => `/${index}`);
    const client = await sent(...targets.map((target) => requestBytes(`GET ${target}`)));
    await upstream.arrived(16);
    await rawRequest(app.port, requestBytes('GET /healthz'));
    expect(upstream.requests).toHaveLength(16);
    gate.release();
    for (const _ of targets) expect((await client.response()).text).toBe('A');
    await reached(...targets);
  });

  it('are answered in order, whoever is ready first', async () => {
    const gate = new Gate();
    upstream.next(held(gate, answer({ body: 'first' })));
    const client = await sent(requestBytes('GET /1'));
    await upstream.arrived();
    client.send(requestBytes('GET /2'));
    client.send(requestBytes('POST /3', [CHUNKS], chunked(Buffer.from('three'), 2)));
    const third = await upstream.arrived(3);
    expect(third.body.toString()).toBe('three');
    gate.release();
    const texts = [await client.response(), await client.response(), await client.response()].map(
      ({ text }) => text,
    );
    expect(texts).toEqual(['first', 'A', 'A']);
    expect(client.connection).toBe('open');
  });

  it.each([
    ['is no HTTP', '\x00\x01\x02\r\n\r\n'],
    ['has two Host lines', head('GET /bad HTTP/1.1', HOST, HOST)],
    ['has a bad chunk', `${head('POST /bad HTTP/1.1', HOST, CHUNKS)}xyz\r\n`],
  ])('get their answers also when the next one %s', async (_, bad) => {
    const gate = new Gate();
    upstream.next(held(gate, answer({ body: 'first' })));
    const client = await sent(requestBytes('GET /1'));
    await upstream.arrived();
    client.send(requestBytes('GET /2'));
    await upstream.arrived(2);
    client.send(bad);
    gate.release();
    expect((await client.response()).text).toBe('first');
    expect((await client.response()).text).toBe('A');
    await refused(client, 400, 'BAD_REQUEST');
    await reached('/1', '/2');
  });
});
