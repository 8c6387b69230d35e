// The port for plain HTTP beside an HTTPS one.
import { beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { type SecureApp, startSecureApp } from './secure.ts';

let upstream: FakeUpstream;
let app: SecureApp;
let port: number;

async function redirectPort({ logs }: SecureApp): Promise<number> {
  const line = await until(() => logs.find(({ msg }) => msg === 'Redirecting to HTTPS'), 'the log line');
  return Number(line.port);
}

beforeAll(async () => {
  upstream = await FakeUpstream.start('A');
  app = await startSecureApp({ primaries: [upstream], flags: ['--http-redirect-port=0'] });
  port = await redirectPort(app);
});

describe('a request on HTTP_REDIRECT_PORT', () => {
  it.each([
    ['GET /a//b?x=%2e', 'eth.example', 'https://eth.example/a//b?x=%2e'],
    ['POST /x', 'eth.example:80', 'https://eth.example/x'],
    ['GET /x', 'eth.example:8080', 'https://eth.example/x'],
    ['GET /x', '[::1]', 'https://[::1]/x'],
    ['GET //evil.example/x', 'eth.example', 'https://eth.example//evil.example/x'],
    ['GET http://other.example/x', 'eth.example', 'https://other.example/x'],
    ['GET http://other.example?x', 'eth.example', 'https://other.example/?x'],
  ])('%s to %s is sent to %s', async (start, host, location) => {
    const response = await rawRequest(port, requestBytes(start, [`Host: ${host}`]));
    expect([response.status, response.header('location')]).toEqual([308, location]);
    expect(response.header('connection')).toBe('close');
    expect(upstream.requests).toHaveLength(0);
  });

  it('that came to the port itself is sent to the port of HTTPS', async () => {
    const response = await rawRequest(port, requestBytes('GET /x', [`Host: localhost:${port}`]));
    expect(response.header('location')).toBe(`https://localhost:${app.port}/x`);
  });

  it.each([
    ['no host', Buffer.from('GET /x HTTP/1.0\r\n\r\n')],
    ['an empty host', requestBytes('GET /x', ['Host: '])],
    ['two hosts', requestBytes('GET /x', ['Host: a', 'Host: b'])],
    ['a host with a path', requestBytes('GET /x', ['Host: a/b'])],
    ['a host with a user', requestBytes('GET /x', ['Host: a@b'])],
    ['a fragment', requestBytes('GET /x#y', ['Host: a'])],
    ['a target that is none', requestBytes('GET x', ['Host: a'])],
  ])('with %s is refused', async (_, bytes) => {
    const response = await rawRequest(port, bytes);
    expect([response.status, response.header('location')]).toEqual([400, undefined]);
  });

  it('is not answered any more after a drain', async () => {
    const own = await startSecureApp({ primaries: [upstream], flags: ['--http-redirect-port=0'] });
    const ownPort = await redirectPort(own);
    expect(await within(own.app.stop(), 5_000, 'the end')).toBe(0);
    await expect(RawClient.connect(ownPort)).rejects.toThrow('ECONNREFUSED');
  });
});
