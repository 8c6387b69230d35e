import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { systemClock } from '../../src/clock.ts';
import { probes } from '../../src/probes/index.ts';
import type { ProbeResult, ProbeSettings } from '../../src/probes/probe.ts';
import { Upstream } from '../../src/upstreams/upstream.ts';
import { realDialer } from '../support/dialer.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { until, within } from '../support/waiting.ts';

const GENEROUS: ProbeSettings = { timeoutMs: 5_000, path: '/', clock: systemClock, dialer: realDialer };
export const UP: ProbeResult = { up: true };

interface Running {
  readonly port: number;
  readonly sockets: Set<Socket>;
  close(): Promise<unknown>;
}

async function listen(server: Server, host = '127.0.0.1'): Promise<Running> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const close = async () => {
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  releaseAfterwards(() => server.listening && close());
  // A server that listens on TCP has an address of this kind.
  return { port: (server.address() as AddressInfo).port, sockets, close };
}

export const listenHttp = (answer: RequestListener, host?: string) => listen(createHttpServer(answer), host);
export const listenRaw = (serve: (socket: Socket) => void) => listen(createServer(serve));

export function upstreamAt(url: string): Upstream {
  return new Upstream({ url: new URL(url), name: 'a', tier: 'primary', weight: 1 }, 1_000);
}

export function check(name: string, url: string, change: Partial<ProbeSettings> = {}): Promise<ProbeResult> {
  return checkAgain(name, upstreamAt(url), change);
}

/** A check of an upstream that may have been checked before. */
export function checkAgain(
  name: string,
  upstream: Upstream,
  change: Partial<ProbeSettings> = {},
): Promise<ProbeResult> {
  const probe = probes[name];
  if (!probe) throw new Error(`no probe ${name}`);
  return within(probe.check(upstream, { ...GENEROUS, ...change }), 4_000, 'the end of a check');
}

/** A check whose findings are written down, as the scheduler does. */
export async function checkWritten(name: string, upstream: Upstream): Promise<ProbeResult> {
  const result = await checkAgain(name, upstream);
  if (result.up) upstream.chainId = result.found?.chainId ?? upstream.chainId;
  return result;
}

/** Answers with what every probe takes for up: a page to a GET, chain 1 and block 1 to JSON-RPC. */
export const well: RequestListener = (request, response) => {
  if (request.method !== 'POST') response.end('fine');
  else response.end('{"jsonrpc":"2.0","id":1,"result":"0x1"}');
};

export const nobodyConnected = ({ sockets }: Running) =>
  until(() => sockets.size === 0, 'no socket left behind');
