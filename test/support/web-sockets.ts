import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { WebSocket, WebSocketServer } from 'ws';
import type { Daemon } from './daemon.ts';
import { releaseAfterwards } from './leftovers.ts';
import { within } from './waiting.ts';

/** A WebSocket server that sends back each message it gets. */
export class Echo {
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

export async function open({ port }: Daemon, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  releaseAfterwards(() => socket.terminate());
  await within(once(socket, 'open'), 10_000, 'an open WebSocket');
  return socket;
}

/** Tunnels that are open. */
export async function connections(daemon: Daemon): Promise<number> {
  return (await daemon.stats()).reduce((sum, row) => sum + row.connections, 0);
}

export const none = async (daemon: Daemon) => (await connections(daemon)) === 0;
