import { describe, expect, it } from 'vitest';
import { PROBE_NAMES, probes } from '../../src/probes/index.ts';
import { NO_SUCH_HOST, releasedPort } from '../support/fake-upstream.ts';
import { startSilentPort } from '../support/silent-port.ts';
import {
  check,
  checkAgain,
  listenHttp,
  listenRaw,
  nobodyConnected,
  UP,
  upstreamAt,
  well,
} from './servers.ts';

describe.each([...PROBE_NAMES])('every probe: %s', (name) => {
  it('bears the name that the settings call it', () => {
    expect(probes[name]?.name).toBe(name);
  });

  it('proves connect failures gone, never limits, plan, credentials or methods', () => {
    const proves = [...(probes[name]?.proves ?? [])];
    expect(proves).toEqual(expect.arrayContaining(['refused', 'dns', 'connect-timeout']));
    for (const reason of ['rate-limited', 'plan', 'auth', 'method-unsupported']) {
      expect(proves).not.toContain(reason);
    }
  });

  it('finds an HTTP server up, and leaves no socket behind', async () => {
    const server = await listenHttp(well);
    expect(await check(name, `http://127.0.0.1:${server.port}`)).toMatchObject(UP);
    await nobodyConnected(server);
  });

  it('counts its calls in the upstream, those that fail too', async () => {
    const server = await listenHttp(well);
    const upstream = upstreamAt(`http://127.0.0.1:${server.port}`);
    await checkAgain(name, upstream);
    const calls = name === 'rpc' ? 2 : 1;
    expect(upstream.probeCalls).toBe(calls);
    await server.close();
    await checkAgain(name, upstream);
    expect(upstream.probeCalls).toBe(calls + 1);
  });

  it('finds a released port down, without the secrets of its URL', async () => {
    const port = await releasedPort();
    const result = await check(name, `http://user:seCret@127.0.0.1:${port}/seCret?key=seCret`);
    expect(result).toEqual({ up: false, problem: 'connection refused (ECONNREFUSED)' });
  });

  it('finds a name that does not resolve down', async () => {
    const result = await check(name, `http://${NO_SUCH_HOST}/seCret`);
    expect(result).toMatchObject({ up: false, problem: expect.stringContaining('host name not found') });
  });

  it('takes an IPv6 address', async () => {
    const server = await listenHttp(well, '::1');
    expect(await check(name, `http://[::1]:${server.port}`)).toMatchObject(UP);
  });

  it('gives up on a connection that is neither made nor refused', async () => {
    const url = `http://127.0.0.1:${(await startSilentPort()).port}`;
    const result = await check(name, url, { timeoutMs: 300 });
    expect(result).toEqual({ up: false, problem: expect.stringMatching(/^no .* within 300 ms$/) });
  });
});

describe('the tcp probe', () => {
  it('is content with a connection, with an https: upstream too', async () => {
    const server = await listenRaw((socket) => socket.resume());
    expect(await check('tcp', `https://127.0.0.1:${server.port}`)).toEqual(UP);
    await nobodyConnected(server);
  });
});
