// Connections as they are opened: real sockets, and names that have the addresses a test gives them.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../src/clock.ts';
import { Announcer, type Event } from '../../src/events.ts';
import { reset, type Target } from '../../src/network/dial.ts';
import { DialFailure } from '../../src/network/dial-failure.ts';
import { createDialer } from '../../src/network/index.ts';
import { Authority } from '../support/certificates.ts';
import { releasedPort } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { startSilentPort } from '../support/silent-port.ts';
import { until, within } from '../support/waiting.ts';

const authority = new Authority();
const HOST = 'node.test';

interface Server {
  readonly port: number;
  readonly sockets: Socket[];
}

async function listen(host: string, port = 0, serve: (socket: Socket) => void = () => {}): Promise<Server> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  releaseAfterwards(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  // A server that listens on TCP has an address of this kind.
  return { port: (server.address() as AddressInfo).port, sockets };
}

/** The name has these addresses, tried in this order; undefined: nobody answers when it is looked up. */
function setUp(addresses: readonly string[] | undefined, clock: Clock = systemClock) {
  const events: Event[] = [];
  const announcer = new Announcer();
  announcer.listen((event) => events.push(event));
  let lot = 0;
  const dialer = createDialer({
    clock,
    random: () => {
      lot += 0.001;
      return lot;
    },
    announcer,
    lookUp: async () => {
      if (!addresses) return new Promise(() => {});
      if (addresses.length > 0) return { addresses, ttlMs: 300_000 };
      throw Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    },
  });
  const start = (target: Omit<Target, 'host'> & { readonly host?: string }, timeoutMs = 5_000) => {
    const results: (Socket | DialFailure)[] = [];
    const giveUp = dialer.dial({ host: HOST, ...target }, timeoutMs, (result) => {
      results.push(result);
      if (!(result instanceof DialFailure)) releaseAfterwards(() => result.destroy());
    });
    expect(results).toEqual([]);
    return { results, giveUp, result: () => until(() => results[0], 'the end of dialing') };
  };
  return { start, events };
}

function connected(result: Socket | DialFailure): Socket {
  if (result instanceof DialFailure) throw result;
  return result;
}

/** Long enough for the look-up to be over and the first connection to be tried. */
const begun = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

describe('of several addresses', () => {
  it('a slow one has the whole time, although others refuse before and after it', async () => {
    const { port, wake } = await startSilentPort();
    const { result } = setUp(['127.0.0.2', '127.0.0.1', '127.0.0.3']).start({ port });
    // The system knocks again a second after its first try.
    setTimeout(wake, 500);
    expect(await result()).toMatchObject({ remoteAddress: '127.0.0.1' });
  });

  it('the second is tried when the first is silent, and comes first from then on', async () => {
    const { port } = await startSilentPort();
    await listen('127.0.0.2', port);
    const clock = new ManualClock();
    const { start } = setUp(['127.0.0.1', '127.0.0.2'], clock);
    const first = start({ port });
    await begun();
    clock.advance(249);
    await begun();
    expect(first.results).toEqual([]);
    clock.advance(1);
    expect(await first.result()).toMatchObject({ remoteAddress: '127.0.0.2' });
    expect(await start({ port }).result()).toMatchObject({ remoteAddress: '127.0.0.2' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('two that refuse are a refusal', async () => {
    const { start, events } = setUp(['127.0.0.1', '127.0.0.2']);
    const { result } = start({ port: await releasedPort() });
    expect(await result()).toMatchObject({ reason: 'refused', code: 'ECONNREFUSED' });
    expect(events).toEqual([]);
  });
});

describe('the time', () => {
  it('is over for a connection that is not made', async () => {
    const { port } = await startSilentPort();
    const clock = new ManualClock();
    const { result } = setUp(['127.0.0.1', '127.0.0.1'], clock).start({ port }, 2_000);
    await begun();
    clock.advance(2_000);
    expect(await result()).toMatchObject({ reason: 'connect-timeout', code: 'ETIMEDOUT' });
    expect(clock.pendingTimers).toBe(0);
  });

  it('is over for a TLS handshake, and the connection is ended', async () => {
    const server = await listen('127.0.0.1');
    const clock = new ManualClock();
    const { result } = setUp(['127.0.0.1'], clock).start({ port: server.port, tls: {} }, 2_000);
    const socket = await until(() => server.sockets[0], 'a connection');
    socket.resume();
    await begun();
    clock.advance(2_000);
    expect(await result()).toMatchObject({ reason: 'connect-timeout' });
    await until(() => socket.destroyed, 'its end');
  });

  it('is over for a name that nobody answers for', async () => {
    const clock = new ManualClock();
    const { result } = setUp(undefined, clock).start({ port: 1 }, 2_000);
    clock.advance(2_000);
    expect(await result()).toMatchObject({ reason: 'dns', code: 'ETIMEOUT' });
  });
});

it('a name that is not found is told with the code of the look-up', async () => {
  const { result } = setUp([]).start({ port: 1 });
  expect(await result()).toMatchObject({ reason: 'dns', code: 'ENOTFOUND' });
});

describe('TLS', () => {
  const pair = authority.certify([HOST, '127.0.0.1']);

  async function listenTls() {
    const seen: { servername: unknown; reset: Promise<unknown> }[] = [];
    const server = createTlsServer(pair, (socket) => {
      const { servername } = socket as { servername?: unknown };
      seen.push({ servername, reset: once(socket, 'error').catch((error: unknown) => error) });
      socket.resume();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    releaseAfterwards(() => server.close());
    // A server that listens on TCP has an address of this kind.
    return { port: (server.address() as AddressInfo).port, seen };
  }

  it('verifies the name, or the address, that was dialed', async () => {
    const { port, seen } = await listenTls();
    const { start } = setUp(['127.0.0.1']);
    const tls = { ca: authority.cert };
    for (const host of [HOST, '127.0.0.1'])
      expect(connected(await start({ host, port, tls }).result())).toMatchObject({ authorized: true });
    const { result } = start({ host: 'other.test', port, tls });
    expect(await result()).toMatchObject({ reason: 'tls', code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
    expect(seen.map(({ servername }) => servername)).toEqual([HOST, false]);
  });

  it.each([
    ['closes', (socket: Socket) => socket.end()],
    ['resets the connection', (socket: Socket) => socket.resetAndDestroy()],
    ['speaks something else', (socket: Socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
  ])('fails with a server that %s', async (_, serve) => {
    const server = await listen('127.0.0.1', 0, (socket) => socket.once('data', () => serve(socket)));
    const { result } = setUp(['127.0.0.1']).start({ port: server.port, tls: {} });
    expect(await result()).toMatchObject({ reason: 'tls' });
  });

  it('ends with a reset when its connection is given up', async () => {
    const { port, seen } = await listenTls();
    const { result } = setUp(['127.0.0.1']).start({ port, tls: { ca: authority.cert } });
    const socket = connected(await result());
    await until(() => seen.length === 1, 'a handshake');
    reset(socket);
    expect(await within(seen[0]?.reset ?? Promise.resolve(), 5_000, 'a reset')).toMatchObject([
      { code: 'ECONNRESET' },
    ]);
    expect(socket.destroyed).toBe(true);
  });
});

describe('a dial that is given up', () => {
  it('while it looks up or connects tells nothing', async () => {
    const clock = new ManualClock();
    const { start } = setUp(['127.0.0.1'], clock);
    const { port } = await startSilentPort();
    const early = start({ port });
    early.giveUp();
    const late = start({ port });
    await begun();
    late.giveUp();
    await begun();
    clock.advance(10_000);
    expect([early.results, late.results, clock.pendingTimers]).toEqual([[], [], 0]);
  });

  it('in the handshake ends the connection by a reset', async () => {
    const server = await listen('127.0.0.1');
    const { giveUp, results } = setUp(['127.0.0.1']).start({ port: server.port, tls: {} });
    const socket = await until(() => server.sockets[0], 'a connection');
    const failed = once(socket, 'error').catch((error: unknown) => [error]);
    socket.resume();
    await once(socket, 'data');
    giveUp();
    expect(await within(failed, 5_000, 'a reset')).toMatchObject([{ code: 'ECONNRESET' }]);
    expect(results).toEqual([]);
  });
});

describe('what several failures come to', () => {
  const [refused, late, short] = [
    new DialFailure('refused', 'ECONNREFUSED'),
    new DialFailure('connect-timeout', 'ETIMEDOUT'),
    new DialFailure('refused', 'EMFILE'),
  ];

  it.each([
    [[refused, late], 'connect-timeout'],
    [[refused, refused], 'refused'],
    [[refused, short, late], 'shortage'],
    [[], 'refused'],
  ])('%j', (failures, reason) => {
    expect(DialFailure.of(failures).reason).toBe(reason);
  });

  it.each(['EMFILE', 'ENFILE', 'EADDRNOTAVAIL', 'ENOBUFS', 'ENOMEM'])('%s is a shortage', (code) => {
    const error = Object.assign(new Error('failed'), { code });
    expect(DialFailure.atAddress('127.0.0.1', error).reason).toBe('shortage');
    expect(new DialFailure('dns', code).reason).toBe('shortage');
  });
});
