/** A server for HTTP/1.1, with TLS also HTTP/2, that has limits, answers malformed requests and drains without loss. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { IncomingRequest } from '../http/messages.ts';
import { answerAsterisk, READ_TIME_MS, sendBareRefusal } from './bare-refusal.ts';
import type { ClientRequest, Handler } from './client-request.ts';
import {
  type Connection,
  closeIdle,
  endAfterAnswers,
  isLast,
  makeLatestLast,
  newConnection,
  onceOverdue,
  refuse,
} from './connection.ts';
import { type Door, ownDoor, type Ways } from './door.ts';
import { type Http2Request, Http2Response } from './http2-messages.ts';
import { Http2Sessions } from './http2-sessions.ts';
import { answerTo, type ListenerSettings, limitsOf } from './limits.ts';
import { Pipeline } from './pipeline.ts';
import { createPlainServer } from './plain.ts';
import { SendTimeout } from './send-timeout.ts';
import {
  createTlsServer,
  Handshakes,
  type SecureServer,
  secureContextOptions,
  setTlsLimits,
  type TlsSettings,
} from './tls.ts';
import { createUpgradeResponse } from './upgrade-response.ts';

const noop = () => {};
/** How long the drain waits for the first request of a new connection: it may be on its way. */
const FIRST_REQUEST_MS = 500;

export class Listener {
  readonly #server: Server;
  readonly #clock: Clock;
  #settings: ListenerSettings;
  readonly #handle: Handler;
  /** HTTP/1.1 connections. */
  readonly #connections = new Map<Socket, Connection>();
  readonly #sessions: Http2Sessions;
  readonly #sendTimeout: SendTimeout;
  #secure: { readonly server: SecureServer; readonly handshakes: Handshakes } | undefined;
  readonly #door: Door;
  #leaving = false;
  #draining = false;

  constructor(settings: ListenerSettings, clock: Clock, handle: Handler, { tls, door = ownDoor }: Ways = {}) {
    this.#door = door;
    this.#settings = settings;
    this.#clock = clock;
    this.#handle = handle;
    this.#sendTimeout = new SendTimeout(clock, settings.clientBodyTimeoutMs);
    this.#sessions = new Http2Sessions(settings.clientKeepAliveMs, clock, this.#sendTimeout);
    this.#server = tls ? this.#createSecure(tls) : this.#createPlain();
    this.#server.maxConnections = settings.maxConnections;
    const onRequest = this.#onRequest.bind(this);
    this.#server
      .on('request', onRequest)
      // Without these two Node answers 100 or 417 by itself, before the request was checked.
      .on('checkContinue', onRequest)
      .on('checkExpectation', onRequest)
      .on('connect', (request: IncomingMessage, target: Socket | Http2Response) => {
        if (target instanceof Http2Response) return onRequest(request, target);
        const connection = this.#connections.get(target);
        if (connection) refuse(connection, target, 'METHOD_NOT_ALLOWED', clock);
      })
      // A plain server's connections are net.Sockets, a TLS server's extend them.
      .on('upgrade', (...upgrade: [ClientRequest, Socket, Buffer]) => this.#onUpgrade(...upgrade))
      .on('clientError', (error, socket: Socket) => this.#onClientError(error, socket));
  }

  #createPlain(): Server {
    const server = createPlainServer(limitsOf(this.#settings));
    return server.on('connection', (socket) => this.#onConnection(socket));
  }

  #createSecure(tls: TlsSettings): Server {
    const server = createTlsServer(tls, limitsOf(this.#settings));
    const handshakes = new Handshakes(server, this.#clock, this.#settings.clientHeaderTimeoutMs);
    this.#secure = { server, handshakes };
    return server
      .on('secureConnection', (socket: TLSSocket) => {
        if (socket.alpnProtocol !== 'h2') this.#onConnection(socket);
      })
      .on('session', (session: Http2Session) => this.#sessions.add(session));
  }

  /**
   * The limits of new connections. Those of time hold for open ones as well, from their next request on; what their
   * parser takes does not.
   */
  setLimits(settings: ListenerSettings): void {
    this.#settings = settings;
    this.#sendTimeout.setLimit(settings.clientBodyTimeoutMs);
    this.#sessions.setIdleTime(settings.clientKeepAliveMs);
    this.#secure?.handshakes.setLimit(settings.clientHeaderTimeoutMs);
    this.#server.maxConnections = settings.maxConnections;
    // Node reads them from the server, for each connection or each time anew.
    if (this.#secure) setTlsLimits(this.#secure.server, limitsOf(settings));
    else Object.assign(this.#server, limitsOf(settings));
  }

  /** New connections get this certificate; open ones keep theirs. */
  setCertificate(tls: TlsSettings): void {
    this.#secure?.server.setSecureContext(secureContextOptions(tls));
  }

  /** Resolves to the address when connections are accepted. Rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return this.#door.open(this.#server, port, host);
  }

  /** Goes on accepting, but each HTTP/1.1 answer is the last one of its connection: clients come again, elsewhere. */
  letGo(): void {
    this.#leaving = true;
    for (const connection of this.#connections.values()) makeLatestLast(connection);
  }

  /**
   * Accepts no more connections, closes idle ones, and lets responses in flight finish for at most `timeoutMs`.
   * Connections that have not sent a request yet get a moment to do so: it is refused, but with an answer.
   * Resolves to the number of connections that had to be cut.
   */
  drain(timeoutMs: number): Promise<number> {
    this.#draining = true;
    this.letGo();
    return new Promise((resolve) => {
      let cut = 0;
      const stopTimer = this.#clock.after(timeoutMs, () => {
        cut = this.#connections.size + this.#sessions.size;
        // Node no longer knows connections that have switched to another protocol.
        for (const socket of this.#connections.keys()) socket.destroy();
        this.#sessions.resetAll();
      });
      // After the poll phase: the system resets connections that it has queued and that are not accepted yet.
      setImmediate(() => {
        this.#door.close(this.#server, () => {
          stopTimer();
          // Also stops the HTTP server's check for slow requests.
          this.#server.close();
          resolve(cut);
        });
        closeIdle(this.#connections, ({ requests }) => requests > 0);
        this.#sessions.drain();
        this.#clock.after(Math.min(FIRST_REQUEST_MS, timeoutMs), () => {
          closeIdle(this.#connections, () => true);
          this.#secure?.handshakes.end();
        });
      });
    });
  }

  #onConnection(socket: Socket): void {
    this.#connections.set(socket, newConnection());
    socket.once('close', () => this.#connections.delete(socket));
    // Node removes its own listener along with its parser: from then on a reset would end the process.
    socket.on('error', noop);
    this.#sendTimeout.add(socket);
  }

  #onRequest(request: IncomingMessage | Http2Request, response: ServerResponse | Http2Response): void {
    if (!(response instanceof Http2Response)) this.#queue(request.socket, response);
    else if (this.#sessions.addRequest(response)) this.#serve(request, response);
  }

  #queue(socket: Socket, response: ServerResponse<IncomingMessage>): void {
    const connection = this.#connections.get(socket);
    // The connection closed while its last request was still in the parser; or an answer has gone out that says
    // that it is the last one (RFC 9112, 9.6), and it may be unclear where this request begins.
    if (!connection || connection.isEnding || isLast(connection.latest)) return;
    this.#track(response, socket, connection);
    if (this.#leaving) makeLatestLast(connection);
    if (connection.open > 1) {
      connection.pipeline ??= new Pipeline(socket, this.#settings.maxPipelined);
      if (!connection.pipeline.add(response, connection.open)) return;
    }
    this.#serve(response.req, response);
  }

  #serve(request: IncomingRequest, response: ServerResponse | Http2Response): void {
    if (request.method === 'OPTIONS' && request.url === '*') answerAsterisk(response);
    else this.#handle(request, response);
  }

  /** Node's parser has handed over the connection. Pipelined requests before this one get their answers first. */
  #onUpgrade(request: ClientRequest, socket: Socket, head: Buffer): void {
    const connection = this.#connections.get(socket);
    if (!connection || connection.isEnding || isLast(connection.latest)) return;
    const start = () => {
      connection.pendingUpgrade = undefined;
      const { response, upgrade } = createUpgradeResponse(request, socket, head);
      this.#track(response, socket, connection);
      response.once('finish', () => this.#clock.after(READ_TIME_MS, () => socket.destroy()));
      this.#handle(request, response, upgrade);
    };
    connection.pipeline?.handOver();
    // Without its parser Node no longer tells a response that it may continue.
    socket.on('drain', () => connection.latest?.emit('drain'));
    connection.pendingUpgrade = start;
    if (connection.open === 0) start();
  }

  #track(response: ServerResponse, socket: Socket, connection: Connection): void {
    connection.open += 1;
    connection.requests += 1;
    connection.latest = response;
    response.once('close', () => this.#onResponseOver(socket, connection, response));
    response.on('error', noop);
  }

  #onResponseOver(socket: Socket, connection: Connection, response: ServerResponse): void {
    connection.open -= 1;
    connection.isEnding ||= isLast(response);
    if (connection.latest === response) connection.latest = undefined;
    const next = connection.isEnding ? undefined : connection.pipeline?.next(response);
    if (next) this.#serve(next.req, next);
    if (connection.open > connection.broken) return;
    if (connection.clientClosed) socket.destroy();
    else if (connection.bareRefusal) sendBareRefusal(socket, connection.bareRefusal, this.#clock);
    else if (this.#draining) socket.destroySoon();
    else if (socket.writable && !connection.isEnding) connection.pendingUpgrade?.();
  }

  #onClientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
    const code = answerTo(error, this.#settings);
    // The client closed in the middle of a request: there is no one to answer.
    const isClosed = error.code === 'HPE_INVALID_EOF_STATE';
    if (!code && !isClosed) socket.destroy();
    const connection = this.#connections.get(socket);
    if (!connection) return;
    const answer = () => code && refuse(connection, socket, code, this.#clock);
    if (isClosed) endAfterAnswers(connection, socket);
    else if (code !== 'CLIENT_TOO_SLOW') answer();
    else onceOverdue(connection, this.#clock, this.#settings.clientHeaderTimeoutMs, answer);
  }
}
