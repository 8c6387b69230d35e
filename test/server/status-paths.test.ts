// The paths that are answered here follow the rules of any request.
import { beforeAll, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';

const PATHS = ['/stats', '/healthz', '/readyz'] as const;

let app: RunningApp;
let upstream: FakeUpstream;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  app = await startApp({
    primaries: [`${upstream.url}/v2/KEY`],
    flags: ['--max-header-size=4kb', '--max-url=2kb'],
  });
});

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;

describe.each(PATHS)('%s', (path) => {
  it.each([
    ['two Host lines', head(`GET ${path} HTTP/1.1`, 'Host: a', 'Host: b'), 400],
    ['no Host', head(`GET ${path} HTTP/1.1`), 400],
    ['a bad Host', head(`GET ${path} HTTP/1.1`, 'Host: a/b'), 400],
    ['chunks over HTTP/1.0', head(`GET ${path} HTTP/1.0`, 'Transfer-Encoding: chunked'), 400],
    [
      'a length and chunks',
      head(`GET ${path} HTTP/1.1`, 'Host: a', 'Content-Length: 1', 'Transfer-Encoding: chunked'),
      400,
    ],
    ['two lengths', head(`GET ${path} HTTP/1.1`, 'Host: a', 'Content-Length: 0', 'Content-Length: 0'), 400],
    ['a fragment', head(`GET ${path}#x HTTP/1.1`, 'Host: a'), 400],
    ['200 lines', head(`GET ${path} HTTP/1.1`, 'Host: a', ...Array(200).fill('X: 1')), 431],
    [
      '5 kB of lines',
      head(`GET ${path} HTTP/1.1`, 'Host: a', ...Array(90).fill(`X: ${'x'.repeat(50)}`)),
      431,
    ],
    ['a long query', head(`GET ${path}?${'x'.repeat(3_000)} HTTP/1.1`, 'Host: a'), 414],
    ['an expectation', head(`GET ${path} HTTP/1.1`, 'Host: a', 'Expect: x'), 417],
  ])('is refused with %s', async (_, bytes, status) => {
    const response = await rawRequest(app.port, Buffer.from(bytes));
    expect(response.status).toBe(status);
    expect(response.header('content-type')).toBe('application/problem+json');
    expect(upstream.requests).toEqual([]);
  });

  it.each([
    ['a query', requestBytes(`GET ${path}?x=y`)],
    ['the absolute form', requestBytes(`GET http://lb.example${path}`)],
    ['HTTP/1.0', Buffer.from(head(`GET ${path} HTTP/1.0`))],
    [
      'an offer of HTTP/2',
      requestBytes(`GET ${path}`, [
        'Connection: Upgrade, HTTP2-Settings',
        'Upgrade: h2c',
        'HTTP2-Settings: AAMAAABkAAQ',
      ]),
    ],
  ])('is answered with %s', async (_, bytes) => {
    const response = await rawRequest(app.port, bytes);
    expect([response.status, response.header('cache-control')]).toEqual([200, 'no-store']);
    expect(upstream.requests).toEqual([]);
  });

  it('is answered with a body, which ends the connection', async () => {
    const client = await RawClient.connect(app.port);
    client.send(requestBytes(`GET ${path}`, ['Content-Length: 100000'], 'x'));
    const response = await client.response();
    expect([response.status, response.header('connection')]).toEqual([200, 'close']);
    client.send(Buffer.alloc(99_999, 'x'));
    await client.ended();
  });
});
