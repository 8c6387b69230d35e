/** Creates the HTTPS server for HTTP/2 and HTTP/1.1, and keeps track of TLS handshakes. */

import type { ServerOptions } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { KeyPair } from './certificate.ts';
import { ClientRequest } from './client-request.ts';
import { Http2Request, Http2Response } from './http2-messages.ts';

export interface TlsSettings {
  readonly pair: KeyPair;
  readonly minVersion: '1.2' | '1.3';
  /** Secret, 48 bytes; if they are not given, those of the server stay. */
  readonly ticketKeys?: Buffer | undefined;
}

/** Concurrent requests on one HTTP/2 connection: the smallest number that RFC 9113 (6.5.2) recommends. */
const MAX_STREAMS = 100;
/** More header lines than this reset the stream; between our own limit and this one a client gets 431. */
const MAX_LINES_READ = 1_000;
/** Memory that one HTTP/2 connection may hold, in megabytes; above it, further streams are refused. */
const MAX_SESSION_MB = 10;
/** The longest that a timer can be set for. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export type SecureServer = Server & Pick<Http2SecureServer, 'updateSettings'>;

/**
 * An HTTPS server that speaks HTTP/2 and HTTP/1.1, as the client prefers (ALPN). The limits are those of a
 * `node:http` server. Node and nghttp2 have further ones: they end a connection that resets streams in masses
 * (CVE-2023-44487), floods settings, pings or CONTINUATION frames, or sends more than a few invalid frames.
 */
export function createTlsServer(tls: TlsSettings, limits: ServerOptions): SecureServer {
  const server = createSecureServer({
    ...secureContextOptions(tls),
    allowHTTP1: true,
    noDelay: true,
    // `Handshakes` has a limit of its own, which can be changed.
    handshakeTimeout: MAX_TIMER_MS,
    Http1IncomingMessage: ClientRequest,
    Http2ServerRequest: Http2Request,
    Http2ServerResponse: Http2Response,
    settings: { maxConcurrentStreams: MAX_STREAMS },
    maxHeaderListPairs: MAX_LINES_READ,
    maxSessionMemory: MAX_SESSION_MB,
  });
  setTlsLimits(server, limits);
  return Object.assign(server, { maxHeadersCount: 0 });
}

/** New connections have these limits. */
export function setTlsLimits(server: SecureServer, limits: ServerOptions): void {
  const { maxHeaderSize = 0 } = limits;
  // HTTP/2 counts 32 bytes for each line on top of name and value.
  server.updateSettings({ maxHeaderListSize: maxHeaderSize + MAX_LINES_READ * 32 });
  // Node reads these from the server when a connection turns out to be HTTP/1.1, but has no options for them.
  Object.assign(server, limits);
}

/** Options for the secure context of a `tls.Server`. */
export function secureContextOptions({ pair, minVersion, ticketKeys }: TlsSettings) {
  const { cert, key } = pair;
  return { cert, key, minVersion: `TLSv${minVersion}` as const, ...(ticketKeys && { ticketKeys }) };
}

/** The connections whose TLS handshake is under way. After it they can be reset. */
export class Handshakes {
  readonly #sockets = new Map<string, { readonly socket: Socket; readonly stopTimer: () => void }>();
  readonly #clock: Clock;
  #limitMs: number;

  /** `limitMs`: how long a handshake may take. */
  constructor(server: Server, clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    server.on('connection', (socket: Socket) => this.#begin(socket));
    // Before Node's own listener, so that later ones get a socket that can be reset.
    server.prependListener('secureConnection', (secure: TLSSocket) => this.#onSecure(secure));
  }

  /** Those that begin from now on may take so long. */
  setLimit(limitMs: number): void {
    this.#limitMs = limitMs;
  }

  /** Ends connections whose handshake is under way. */
  end(): void {
    for (const { socket } of this.#sockets.values()) socket.destroy();
  }

  #begin(socket: Socket): void {
    const key = keyOf(socket);
    const stopTimer = this.#clock.after(this.#limitMs, () => socket.destroy());
    this.#sockets.set(key, { socket, stopTimer });
    socket.once('close', () => {
      if (this.#sockets.get(key)?.socket === socket) this.#over(key);
    });
  }

  #over(key: string): Socket | undefined {
    const handshake = this.#sockets.get(key);
    this.#sockets.delete(key);
    handshake?.stopTimer();
    return handshake?.socket;
  }

  #onSecure(secure: TLSSocket): void {
    const socket = this.#over(keyOf(secure));
    // A TLSSocket's own method throws: only the TCP socket under it can be reset.
    secure.resetAndDestroy = () => {
      socket?.resetAndDestroy();
      return secure.destroy();
    };
  }
}

/** Identifies a connection of a server: the same for a TLS socket and for the TCP socket under it. */
function keyOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}
