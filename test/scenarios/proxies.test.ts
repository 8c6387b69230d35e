// Behind another proxy: what it says about the client, and what others say.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

const CLAIMS = [
  'X-Forwarded-For: 6.6.6.6, 192.0.2.7',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Host: shop.test',
  'X-Forwarded-Port: 443',
  'Forwarded: for=6.6.6.6',
];

let upstream: FakeUpstream;
let behindProxy: RunningApp;
let onItsOwn: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  behindProxy = await startApp({ primaries: [upstream], flags: ['--trust-proxy=loopback'] });
  onItsOwn = await startApp({ primaries: [upstream], flags: ['--trust-proxy=203.0.113.0/24'] });
});

beforeEach(() => upstream.reset());

async function forwardedLines({ port }: RunningApp): Promise<string[]> {
  await rawRequest(port, requestBytes('GET /x', CLAIMS));
  const { headerLines } = await upstream.arrived();
  return headerLines.filter((line) => /^(x-)?forwarded/i.test(line)).sort();
}

describe('X-Forwarded-*', () => {
  it('of a trusted proxy reaches the upstream, with the proxy added', async () => {
    expect(await forwardedLines(behindProxy)).toEqual([
      'X-Forwarded-For: 6.6.6.6, 192.0.2.7, 127.0.0.1',
      'X-Forwarded-Host: shop.test',
      'X-Forwarded-Port: 443',
      'X-Forwarded-Proto: https',
    ]);
  });

  it('of anybody else is replaced', async () => {
    expect(await forwardedLines(onItsOwn)).toEqual([
      'X-Forwarded-For: 127.0.0.1',
      'X-Forwarded-Host: balancer.test',
      'X-Forwarded-Proto: http',
    ]);
  });

  it('decides whose address the log line has', async () => {
    for (const { port } of [behindProxy, onItsOwn]) await rawRequest(port, requestBytes('GET /x', CLAIMS));
    const client = ({ logs }: RunningApp) =>
      until(() => logs.findLast(({ msg }) => msg === 'Request')?.['client'], 'a log line');
    expect(await client(behindProxy)).toBe('192.0.2.7');
    expect(await client(onItsOwn)).toBe('127.0.0.1');
  });
});

describe('host=keep', () => {
  it("sends the client's Host, on one connection whatever it is", async () => {
    const app = await startApp({ primaries: [`${upstream.url} host=keep`] });
    const client = await RawClient.connect(app.port);
    const before = upstream.connections;
    for (const host of ['one.test', 'two.test:8080']) {
      client.send(requestBytes('GET /x', [`Host: ${host}`]));
      await client.response();
    }
    client.send('GET http://three.test/x HTTP/1.1\r\nHost: other.test\r\n\r\n');
    await client.response();
    expect(upstream.requests.map((request) => request.headers('host'))).toEqual([
      ['one.test'],
      ['two.test:8080'],
      ['three.test'],
    ]);
    expect(upstream.connections - before).toBe(1);
  });

  it("sends the upstream's own to a client that gave none", async () => {
    const app = await startApp({ primaries: [`${upstream.url} host=keep`] });
    await rawRequest(app.port, 'GET /x HTTP/1.0\r\n\r\n');
    expect((await upstream.arrived()).headers('host')).toEqual([`127.0.0.1:${upstream.port}`]);
  });

  it("asks in health checks for the upstream's own", async () => {
    await startApp({ primaries: [`${upstream.url} host=keep`], flags: ['--health-check=http'] });
    expect((await upstream.arrived()).headers('host')).toEqual([`127.0.0.1:${upstream.port}`]);
  });
});
