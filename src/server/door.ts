/** How connections come to a server. */

import { type AddressInfo, Server, type Socket } from 'node:net';
import { listen } from './listen.ts';
import type { TlsSettings } from './tls.ts';

export interface Door {
  /** Resolves to the address when connections are accepted. Rejects with the system's error. */
  open(server: Server, port: number, host: string): Promise<AddressInfo>;
  /** No more come from now on; calls `done` when the last one is closed. Ends none. */
  close(server: Server, done: () => void): void;
}

/** How clients come, and what they speak. */
export interface Ways {
  /** For HTTPS and HTTP/2. */
  readonly tls?: TlsSettings;
  /** If it is not given, the server listens itself. */
  readonly door?: Door;
}

/** The server listens itself. */
export const ownDoor: Door = {
  open: listen,
  close(server, done) {
    // Closes the port, and nothing else: `http.Server.close` ends idle connections before that, and a client that
    // reconnected at once would be accepted by the system, and then cut off instead of refused. In Node 26 it also
    // ends new connections.
    Server.prototype.close.call(server, done);
  },
};

/** Another process listens, and hands over what it has accepted. */
export class HandOverDoor implements Door {
  readonly #address: AddressInfo;
  #server: Server | undefined;
  #open = 0;
  #onClosed: (() => void) | undefined;

  /** Where the other process listens. */
  constructor(address: AddressInfo) {
    this.#address = address;
  }

  async open(server: Server): Promise<AddressInfo> {
    this.#server = server;
    // Here Node's servers begin to look for clients that are too slow.
    server.emit('listening');
    return this.#address;
  }

  close(_server: Server, done: () => void): void {
    this.#onClosed = done;
    if (this.#open === 0) done();
  }

  /** How many connections are open. */
  get connections(): number {
    return this.#open;
  }

  /** A connection of which nothing was read. It is treated as one that the server has accepted itself. */
  take(socket: Socket): void {
    const server = this.#server;
    if (!server || this.#open >= server.maxConnections) {
      socket.destroy();
      return;
    }
    this.#open += 1;
    socket.once('close', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#onClosed?.();
    });
    // HTTP's own servers have it, those for TLS don't.
    socket.allowHalfOpen = 'allowHalfOpen' in server && server.allowHalfOpen === true;
    socket.setNoDelay(true);
    server.emit('connection', socket);
  }
}
