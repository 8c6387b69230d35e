// Upstreams by name: what a nameserver does to one of them is nothing to the others.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { Nameserver } from '../support/nameserver.ts';
import { until } from '../support/waiting.ts';

describe('a nameserver that never answers for one name', () => {
  it('costs no request, and nobody else is blamed: by requests and by checks', async () => {
    const well = await FakeUpstream.start('well');
    const nameserver = await Nameserver.start({
      'well.test': { a: ['127.0.0.1'], ttl: 1 },
      // More than libuv has threads.
      ...Object.fromEntries(Array.from({ length: 6 }, (_, n) => [`stuck-${n}.test`, 'silence' as const])),
    });
    const stuck = Array.from({ length: 6 }, (_, n) => `http://stuck-${n}.test:${well.port}`);
    const app = await startApp({
      primaries: [...stuck, `http://well.test:${well.port}`],
      lookUp: nameserver.lookUp(),
      flags: [
        '--connect-timeout=1s',
        '--health-check=tcp',
        '--health-check-interval=200ms',
        '--health-check-timeout=1s',
        '--health-check-fall=1',
      ],
    });
    const answers = await Promise.all(Array.from({ length: 60 }, () => rpc(app.url, 'eth_chainId')));
    expect(answers.map(({ reply }) => reply.result)).toEqual(answers.map(() => 'well'));
    const later = await Promise.all(Array.from({ length: 60 }, () => rpc(app.url, 'eth_chainId')));
    expect(later.map(({ reply }) => reply.result)).toEqual(later.map(() => 'well'));
    await until(
      () => app.logs.some(({ msg }) => msg?.includes('stuck-0.test') && msg.includes('[down]')),
      'a check',
    );
    const lines = app.logs.filter(({ msg }) => msg === 'Quarantined' || msg?.includes('[down]'));
    expect(lines.filter(({ upstream }) => `${upstream}`.startsWith('well'))).toEqual([]);
    expect(new Set(lines.flatMap(({ reason }) => reason ?? []))).toEqual(new Set(['dns', 'probe-failed']));
  });
});

/** A server at another address of this machine, on a given port. */
async function listenAt(address: string, label: string, port = 0): Promise<number> {
  const server: Server = createServer((_request, response) => response.end(label));
  await new Promise<void>((resolve) => server.listen(port, address, resolve));
  releaseAfterwards(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  // A server that listens on TCP has an address with a port.
  return (server.address() as AddressInfo).port;
}

describe('a provider that moves to another address', () => {
  it('is found there by new connections, and its last address serves while the name is lost', async () => {
    const port = await listenAt('127.0.0.1', 'old');
    await listenAt('127.0.0.2', 'new', port);
    const clock = new ManualClock();
    const nameserver = await Nameserver.start({ 'moving.test': { a: ['127.0.0.1'], ttl: 60 } });
    const app = await startApp({
      primaries: [`http://moving.test:${port}`],
      lookUp: nameserver.lookUp(clock),
      clock,
    });
    /** The kept connection, which is old by then, has its last request; then a new one is needed. */
    const askLater = async () => {
      clock.advance(120_000);
      await http(`${app.url}/x`);
      return (await http(`${app.url}/x`)).text;
    };
    expect((await http(`${app.url}/x`)).text).toBe('old');
    nameserver.say('moving.test', { a: ['127.0.0.2'], ttl: 60 });
    expect(await askLater()).toBe('new');
    nameserver.say('moving.test', 'servfail');
    expect(await askLater()).toBe('new');
    const line = await until(() => app.logs.find(({ host }) => host === 'moving.test'), 'a log line');
    expect(line).toMatchObject({
      level: 'warn',
      msg: 'Host name not found: its last known addresses go on serving',
    });
  });

  it('is found although connections to it stay busy: none is kept for ever', async () => {
    const clock = new ManualClock();
    const upstream = await FakeUpstream.start('A');
    const nameserver = await Nameserver.start({ 'busy.test': { a: ['127.0.0.1'], ttl: 1 } });
    const app = await startApp({
      primaries: [`http://busy.test:${upstream.port}`],
      lookUp: nameserver.lookUp(clock),
      clock,
    });
    for (let seconds = 0; seconds <= 240; seconds += 10) {
      expect((await http(`${app.url}/x`)).text).toBe('A');
      clock.advance(10_000);
    }
    // Two minutes at most, 90 seconds at least; each asks for the name.
    expect([2, 3]).toContain(upstream.connections);
    expect(nameserver.questions.filter((question) => question === 'busy.test/A')).toHaveLength(
      upstream.connections,
    );
  });
});

it('names below localhost are this machine, whatever the resolver says', async () => {
  const upstream = await FakeUpstream.start('A');
  const daemon = await startBalancer({ primaries: [`http://node.localhost:${upstream.port}`] });
  expect((await rpc(daemon.url, 'eth_chainId')).reply.result).toBe('A');
});
