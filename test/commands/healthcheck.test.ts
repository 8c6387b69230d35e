import { createServer, type RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { runHealthcheck } from '../../src/commands/healthcheck.ts';
import { configOf, configWith, LISTS } from '../config/loading.ts';
import { Authority } from '../support/certificates.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';

async function daemon(listener: RequestListener, host = '127.0.0.1'): Promise<number> {
  const server = createServer(listener);
  releaseAfterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  // A TCP server that listens has an address of this form.
  return (server.address() as AddressInfo).port;
}

async function check(env: Readonly<Record<string, string>>, clock = new ManualClock()) {
  const lines: string[] = [];
  const status = await runHealthcheck(configWith(env), { clock, print: (line) => lines.push(line) });
  return { status, lines, clock };
}

describe('the health check', () => {
  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', 'localhost'],
  ])('passes for a daemon on %s that answers 200 to /readyz', async (host, listening) => {
    const asked: unknown[] = [];
    const port = await daemon((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      response.end();
    }, listening);
    const { status, lines, clock } = await check({ PORT: String(port), HOST: host });
    expect({ status, lines, asked }).toEqual({ status: 0, lines: [], asked: ['GET /readyz'] });
    expect(clock.pendingTimers).toBe(0);
  });

  it('asks over https when the daemon speaks it, whoever signed its certificate and for which name', async () => {
    const pair = new Authority().certify(['eth.example']);
    const server = createTlsServer(pair, (request, response) => {
      response.writeHead(request.url === '/readyz' ? 200 : 404).end();
    });
    releaseAfterwards(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    // A TCP server that listens has an address of this form.
    const { port } = server.address() as AddressInfo;
    const env = { ...LISTS, TLS_CERT_FILE: 'tls.crt', TLS_KEY_FILE: 'tls.key', PORT: String(port) };
    const config = configOf({ env, files: { 'tls.crt': pair.cert, 'tls.key': pair.key } });
    const lines: string[] = [];
    const surroundings = { clock: new ManualClock(), print: (line: string) => lines.push(line) };
    expect([await runHealthcheck(config, surroundings), lines]).toEqual([0, []]);
    server.close();
    expect(await runHealthcheck({ ...config, statusPaths: true, port: 1 }, surroundings)).toBe(1);
    expect(lines).toEqual([expect.stringContaining('GET https://127.0.0.1:1/readyz')]);
  });

  it.each([
    ['without a token', {}, undefined],
    ['with the token', { ADMIN_TOKEN: 'a-long-token-of-24-chars' }, 'Bearer a-long-token-of-24-chars'],
  ])('asks the admin port where the client port has no status paths, %s', async (_, env, authorization) => {
    const asked: unknown[] = [];
    const port = await daemon((request, response) => {
      asked.push([request.method, request.url, request.headers.host, request.headers.authorization]);
      response.end();
    });
    const settings = { STATUS_PATHS: 'off', ADMIN_PORT: String(port), ADMIN_HOST: '127.0.0.1', ...env };
    expect(await check(settings)).toMatchObject({ status: 0, lines: [] });
    expect(asked).toEqual([['GET', '/readyz', `127.0.0.1:${port}`, authorization]]);
  });

  it.each([503, 204, 302])('fails for status %i', async (code) => {
    const port = await daemon((_request, response) => response.writeHead(code).end());
    expect(await check({ PORT: String(port) })).toMatchObject({
      status: 1,
      lines: [`not ready: GET http://127.0.0.1:${port}/readyz: status ${code}`],
    });
  });

  it.each([
    ['::1', '[::1]'],
    ['::', '[::1]'],
  ])('fails with one line when nothing listens on %s', async (host, shown) => {
    const port = await daemon(() => {});
    const { status, lines } = await check({ PORT: String(port), HOST: host });
    expect(status).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^not ready: GET \S+\/readyz: E[A-Z]+$/)]);
    expect(lines[0]).toContain(` http://${shown}:${port}/`);
  });

  it('fails after two seconds without an answer', async () => {
    const clock = new ManualClock();
    const port = await daemon(() => clock.advance(2_000));
    expect(await check({ PORT: String(port) }, clock)).toMatchObject({
      status: 1,
      lines: [`not ready: GET http://127.0.0.1:${port}/readyz: no answer within 2000 ms`],
    });
  });

  it('fails when there is nothing it could ask', async () => {
    for (const [port, shown] of [
      ['off', 'STATUS_PATHS=off and ADMIN_PORT=off'],
      ['0', 'ADMIN_PORT=0'],
    ] as const) {
      expect(await check({ STATUS_PATHS: 'off', ADMIN_PORT: port })).toMatchObject({
        status: 1,
        lines: [expect.stringContaining(shown)],
      });
    }
    expect(await check({ PORT: '0' })).toMatchObject({
      status: 1,
      lines: [expect.stringContaining('PORT=0')],
    });
  });
});
