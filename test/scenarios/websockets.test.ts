// WebSockets as real libraries speak them, through the daemon.
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { answer } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until, within } from '../support/waiting.ts';

/** A WebSocket server that sends back each message it gets. */
class Echo {
  readonly server: WebSocketServer;
  /** The close codes of the connections that are over. */
  readonly codes: number[] = [];

  private constructor(server: WebSocketServer) {
    this.server = server;
    server.on('connection', (socket) => {
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
      socket.on('close', (code) => this.codes.push(code));
      socket.on('error', () => {});
    });
  }

  static async start(): Promise<Echo> {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    releaseAfterwards(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    return new Echo(server);
  }

  get url(): string {
    // A TCP server that listens has an address with a port.
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }
}

async function open({ port }: Daemon, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  releaseAfterwards(() => socket.terminate());
  await within(once(socket, 'open'), 10_000, 'an open WebSocket');
  return socket;
}

async function closeCode(socket: WebSocket): Promise<number> {
  const [code] = await within(once(socket, 'close'), 5_000, 'the close of a WebSocket');
  return code;
}

async function connections(daemon: Daemon): Promise<number> {
  return (await daemon.stats()).reduce((sum, row) => sum + row.connections, 0);
}

const none = async (daemon: Daemon) => (await connections(daemon)) === 0;

it('a WebSocket opens at the next upstream when the first ones are dead, sick or full', async () => {
  const [sick, full, echo] = [await FakeUpstream.start(), await FakeUpstream.start(), await Echo.start()];
  sick.use(answer({ status: 503 }));
  full.use(answer({ status: 429 }));
  const dead = `http://127.0.0.1:${await releasedPort()}`;
  const daemon = await startBalancer({ primaries: [dead, sick, full], fallbacks: [echo] });
  const socket = await open(daemon, '/any?thing=1');
  socket.send('hello');
  const [data, isBinary] = await once(socket, 'message');
  expect([`${data}`, isBinary]).toEqual(['hello', false]);
  expect((await daemon.stats()).map(({ failures }) => failures)).toEqual([1, 1, 1, 0]);
  socket.close(4_321, 'enough');
  expect(await closeCode(socket)).toBe(4_321);
  await until(() => echo.codes.length > 0, 'the close at the upstream');
  expect(echo.codes).toEqual([4_321]);
});

it('a client hears of the refusal of an upstream, with its body', async () => {
  const upstream = await FakeUpstream.start();
  upstream.use(answer({ status: 403, body: 'no such key' }));
  const daemon = await startBalancer({ primaries: [upstream] });
  const socket = new WebSocket(`ws://127.0.0.1:${daemon.port}/`);
  socket.on('error', () => {});
  const [, response] = await once(socket, 'unexpected-response');
  let text = '';
  for await (const chunk of response) text += chunk;
  expect([response.statusCode, text]).toEqual([403, 'no such key']);
});

it('100,000 messages come back whole and in order, also to a client that reads now and then', async () => {
  const echo = await Echo.start();
  const daemon = await startBalancer({ primaries: [echo] });
  const socket = await open(daemon);
  const count = 100_000;
  let next = 0;
  const all = new Promise<void>((resolve, reject) => {
    socket.on('close', () => reject(new Error(`closed after ${next} messages`)));
    socket.on('message', (data) => {
      if (`${data}`.startsWith(`${next} `)) next += 1;
      else reject(new Error(`${`${data}`.slice(0, 20)} instead of ${next}`));
      if (next % 10_000 === 0) {
        socket.pause();
        setTimeout(() => socket.resume(), 20);
      }
      if (next === count) resolve();
    });
  });
  const payload = 'x'.repeat(80);
  for (let n = 0; n < count; n += 1) {
    socket.send(`${n} ${payload}`);
    if (n % 500 === 0) await until(() => socket.bufferedAmount < 1_000_000, 'room to send', 20_000);
  }
  await within(all, 25_000, 'all messages');
  expect(next).toBe(count);
});

it('1,000 WebSockets that come and go leave no socket behind', async () => {
  const echo = await Echo.start();
  const daemon = await startBalancer({ primaries: [echo] });
  const descriptors = () => readdirSync(`/proc/${daemon.pid}/fd`).length;
  await (await open(daemon)).terminate();
  await until(() => none(daemon), 'no attempt in flight');
  const before = process.platform === 'linux' ? descriptors() : 0;
  for (let batch = 0; batch < 20; batch += 1) {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => open(daemon)));
    expect(await connections(daemon)).toBe(50);
    for (const [n, socket] of sockets.entries()) {
      if (n % 3 === 0) socket.terminate();
      else if (n % 3 === 1) socket.close(1_000);
    }
    // The last third is ended by the upstream.
    for (const client of echo.server.clients) client.close(1_000);
    await until(() => none(daemon), 'no attempt in flight');
  }
  // Handshakes are no answers.
  const numbers = { requests: 1_001, failures: 0, connections: 0, latency_ms: { p50: null } };
  expect((await daemon.stats())[0]).toMatchObject(numbers);
  if (process.platform === 'linux')
    await until(() => descriptors() <= before + 1, `${before} open files, not ${descriptors()}`);
});

it.each(['SIGTERM', 'SIGINT'] as const)(
  'at %s both sides hear 1001, and the process ends with status 0',
  async (signal) => {
    const echo = await Echo.start();
    const daemon = await startBalancer({ primaries: [echo] });
    const sockets = [await open(daemon), await open(daemon), await open(daemon)];
    const codes = Promise.all(sockets.map(closeCode));
    daemon.signal(signal);
    expect(await codes).toEqual([1_001, 1_001, 1_001]);
    expect(await within(daemon.exited, 5_000, 'the end')).toEqual({ code: 0, signal: null });
    await until(() => echo.codes.length === 3, 'the closes at the upstream');
    expect(echo.codes).toEqual([1_001, 1_001, 1_001]);
    expect(daemon.stderr).toBe('');
  },
);

it('WebSockets go on during SHUTDOWN_DELAY', async () => {
  const echo = await Echo.start();
  const daemon = await startBalancer({ primaries: [echo], env: { SHUTDOWN_DELAY: '4s' } });
  const socket = await open(daemon);
  daemon.signal('SIGTERM');
  await daemon.logged(({ msg }) => msg === 'Draining', 'Draining');
  const late = await open(daemon);
  late.send('still here');
  expect(`${(await once(late, 'message'))[0]}`).toBe('still here');
  expect(await Promise.all([closeCode(socket), closeCode(late)])).toEqual([1_001, 1_001]);
});
