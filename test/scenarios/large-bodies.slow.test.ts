// Bodies far larger than the memory that may be spent on them.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { watchGrowth } from '../support/process-figures.ts';
import { BigBody } from '../support/streams.ts';
import { until } from '../support/waiting.ts';

const GB = 1_024 ** 3;
const PIECE = Buffer.alloc(64 * 1_024, 'b');
/** How much the daemon may grow, in MB. */
const ALLOWED_MB = 64;

/** Reads a request and counts what it brings; answers when all of it is there. Keeps nothing. */
class CountingUpstream {
  received = 0;
  /** Reads as fast as it can; else one piece each so many milliseconds. */
  pauseMs = 0;
  url = '';

  static async start(): Promise<CountingUpstream> {
    const upstream = new CountingUpstream();
    const server = createServer((socket) => upstream.#read(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server that listens has an address with a port.
    upstream.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    releaseAfterwards(() => void server.close());
    return upstream;
  }

  #read(socket: Socket): void {
    let head = '';
    let left = -1;
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      if (left < 0) {
        head += bytes.toString('latin1');
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        left = Number(/content-length: (\d+)/i.exec(head)?.[1]) - (head.length - end - 4);
        this.received = head.length - end - 4;
      } else {
        left -= bytes.length;
        this.received += bytes.length;
      }
      if (left === 0) socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nmuch');
      else if (this.pauseMs > 0) {
        socket.pause();
        setTimeout(() => socket.resume(), this.pauseMs);
      }
    });
  }
}

/** Sends a body of so many bytes as fast as it is taken; resolves to what came back. */
async function upload(port: number, bytes: number, expects: string[] = []): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  releaseAfterwards(() => socket.destroy());
  let answer = '';
  socket.on('data', (data) => {
    answer += data.toString('latin1');
  });
  const lines = ['POST /x HTTP/1.1', 'Host: a', `Content-Length: ${bytes}`, ...expects];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  if (expects.length > 0) await until(() => answer.startsWith('HTTP/1.1 100 '), '100 Continue');
  for (let sent = 0; sent < bytes; sent += PIECE.length) {
    if (!socket.write(PIECE)) await once(socket, 'drain');
  }
  await until(() => answer.includes('much'), 'the answer', 60_000);
  return answer;
}

/** Asks for a body and counts its bytes, keeping none. */
async function download(port: number, version = '1.1'): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  releaseAfterwards(() => socket.destroy());
  let received = 0;
  socket.on('data', (data) => {
    received += data.length;
  });
  socket.write(`GET /x HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
  await once(socket, 'end');
  return received;
}

let daemon: Daemon;
let counting: CountingUpstream;
let giving: FakeUpstream;
let givingDaemon: Daemon;

beforeAll(async () => {
  counting = await CountingUpstream.start();
  giving = await FakeUpstream.start();
  daemon = await startBalancer({ primaries: [counting], env: { MAX_BODY: '2gb' } });
  givingDaemon = await startBalancer({ primaries: [giving], env: { CLIENT_BODY_TIMEOUT: '5s' } });
  // The first of each kind loads what is loaded late.
  await upload(daemon.port, 64 * PIECE.length);
  giving.next(new BigBody(64 * PIECE.length).behaviour);
  await download(givingDaemon.port);
});

describe('1 GiB', () => {
  it.each([
    ['goes up', []],
    ['goes up after 100 Continue', ['Expect: 100-continue']],
  ])('%s', async (_, expects) => {
    const growth = watchGrowth(daemon.pid);
    await upload(daemon.port, GB, expects);
    expect(counting.received).toBe(GB);
    expect(growth()).toBeLessThan(ALLOWED_MB);
  });

  it.each([
    ['comes down', 'length', '1.1'],
    ['comes down in chunks', 'chunked', '1.1'],
    ['comes down in chunks to an HTTP/1.0 client', 'chunked', '1.0'],
  ] as const)('%s', async (_, framing, version) => {
    const body = new BigBody(GB, framing);
    giving.next(body.behaviour);
    const growth = watchGrowth(givingDaemon.pid);
    expect(await download(givingDaemon.port, version)).toBeGreaterThan(GB);
    expect(growth()).toBeLessThan(ALLOWED_MB);
  });
});

it('a slow upstream holds a fast client back', async () => {
  counting.pauseMs = 20;
  const growth = watchGrowth(daemon.pid);
  await upload(daemon.port, 64 * 1_024 * 1_024);
  counting.pauseMs = 0;
  expect(counting.received).toBe(64 * 1_024 * 1_024);
  expect(growth()).toBeLessThan(ALLOWED_MB);
});

it('20 clients that never read cost no more than their buffers, and are cut off', async () => {
  const bodies = Array.from({ length: 20 }, () => new BigBody(100_000_000));
  giving.next(...bodies.map(({ behaviour }) => behaviour));
  const growth = watchGrowth(givingDaemon.pid);
  const sockets = bodies.map(() => connect(givingDaemon.port, '127.0.0.1'));
  for (const socket of sockets) {
    socket.on('error', () => {}).pause();
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  }
  await until(
    async () => {
      const [row] = await givingDaemon.stats();
      return row?.requests && row.connections === 0;
    },
    'the end of all attempts',
    20_000,
  );
  expect(growth()).toBeLessThan(ALLOWED_MB);
  expect(Math.max(...bodies.map(({ written }) => written))).toBeLessThan(60_000_000);
  for (const socket of sockets) socket.destroy();
  expect((await http(`${givingDaemon.url}/x`)).text).toBe('A');
});
