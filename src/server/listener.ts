import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Session } from 'node:http2';
import { type AddressInfo, Server, type Socket } from 'node:net';
import type { TLSSocket, Server as TlsServer } from 'node:tls';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import type { IncomingRequest } from '../http/messages.ts';
import { ALLOW, READ_TIME_MS, refuseBare } from './bare-refusal.ts';
import type { ClientRequest, Handler } from './client-request.ts';
import { type Connection, forbidReuse, isBroken, isLast, newConnection, onceOverdue } from './connection.ts';
import { type Http2Request, Http2Response } from './http2-messages.ts';
import { Sessions } from './http2-sessions.ts';
import { codeOf, type ListenerSettings, limitsOf } from './limits.ts';
import { listen } from './listen.ts';
import { Pipeline } from './pipeline.ts';
import { createPlainServer } from './plain.ts';
import { StuckReaders } from './stuck-readers.ts';
import { contextOf, createTlsServer, Handshakes, type TlsSettings } from './tls.ts';
import { detach } from './upgrade-response.ts';

const noop = () => {};
/** How long a new connection is waited for in the drain: its request may be on its way. */
const FIRST_REQUEST_MS = 500;

/** Where clients connect: limits at the edge, honest ends for malformed requests, and a drain that loses nothing. */
export class Listener {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #settings: ListenerSettings;
  readonly #handle: Handler;
  /** Those that speak HTTP/1.1. */
  readonly #connections = new Map<Socket, Connection>();
  readonly #sessions: Sessions;
  readonly #stuckReaders: StuckReaders;
  #secure: { readonly server: TlsServer; readonly handshakes: Handshakes } | undefined;
  #draining = false;

  /** Speaks HTTPS, HTTP/2 included, with `tls`. */
  constructor(settings: ListenerSettings, clock: Clock, handle: Handler, tls?: TlsSettings) {
    this.#settings = settings;
    this.#clock = clock;
    this.#handle = handle;
    this.#stuckReaders = new StuckReaders(clock, settings.clientBodyTimeoutMs);
    this.#sessions = new Sessions(settings.clientKeepAliveMs, clock, this.#stuckReaders);
    this.#server = tls ? this.#createSecure(tls) : this.#createPlain();
    this.#server.maxConnections = settings.maxConnections;
    const onRequest = (request: IncomingMessage, response: ServerResponse | Http2Response) =>
      this.#onRequest(request, response);
    this.#server
      .on('request', onRequest)
      // Without these two Node answers 100 or 417 by itself, before anyone looked at the request.
      .on('checkContinue', onRequest)
      .on('checkExpectation', onRequest)
      .on('connect', (request: IncomingMessage, over: Socket | Http2Response) => {
        if (over instanceof Http2Response) onRequest(request, over);
        else this.#fail(over, 'METHOD_NOT_ALLOWED');
      })
      // A plain server's connections are net.Sockets, a TLS server's extend them.
      .on('upgrade', (request: ClientRequest, socket: Socket, head: Buffer) =>
        this.#onUpgrade(request, socket, head),
      )
      .on('clientError', (error, socket: Socket) => this.#onClientError(error, socket));
  }

  #createPlain(): Server {
    return createPlainServer(limitsOf(this.#settings)).on('connection', (socket) =>
      this.#onConnection(socket),
    );
  }

  #createSecure(tls: TlsSettings): Server {
    const server = createTlsServer(tls, limitsOf(this.#settings));
    this.#secure = { server, handshakes: new Handshakes(server) };
    return server
      .on('secureConnection', (socket: TLSSocket) => {
        if (socket.alpnProtocol !== 'h2') this.#onConnection(socket);
      })
      .on('session', (session: Http2Session) => this.#sessions.add(session));
  }

  /** New connections get this certificate; those that are open keep theirs. */
  renew(tls: TlsSettings): void {
    this.#secure?.server.setSecureContext(contextOf(tls));
  }

  /** Resolves to the address when connections are accepted. Rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return listen(this.#server, port, host);
  }

  /**
   * Accepts no more, closes idle connections, and lets responses in flight finish for at most `timeoutMs`.
   * Connections that are so new that no request has come are given a moment: it is refused, but with an answer.
   * Resolves to the number of connections that had to be cut.
   */
  drain(timeoutMs: number): Promise<number> {
    this.#draining = true;
    for (const { latest } of this.#connections.values()) forbidReuse(latest);
    return new Promise((resolve) => {
      let cut = 0;
      const stopTimer = this.#clock.after(timeoutMs, () => {
        cut = this.#connections.size + this.#sessions.size;
        // Node has forgotten those on which another protocol is spoken.
        for (const socket of this.#connections.keys()) socket.destroy();
        this.#sessions.cut();
      });
      // When the poll is over: the system resets what it has queued up and nobody has accepted.
      setImmediate(() => {
        // The port first, and by itself: HTTP's own close ends idle connections before it, and a client that came
        // again at once would be accepted by the system, and then cut off instead of refused. In Node 26 it
        // also ends those that are new.
        Server.prototype.close.call(this.#server, () => {
          stopTimer();
          // For HTTP's own part: it looks for requests that are too slow until then.
          this.#server.close();
          resolve(cut);
        });
        this.#closeIdle(({ requests }) => requests > 0);
        this.#sessions.drain();
        this.#clock.after(Math.min(FIRST_REQUEST_MS, timeoutMs), () => {
          this.#closeIdle(() => true);
          this.#secure?.handshakes.end();
        });
      });
    });
  }

  #closeIdle(which: (connection: Connection) => boolean): void {
    for (const [socket, connection] of this.#connections) {
      if (connection.open === 0 && which(connection)) socket.destroySoon();
    }
  }

  #onConnection(socket: Socket): void {
    this.#connections.set(socket, newConnection());
    socket.once('close', () => this.#connections.delete(socket));
    // Node's own listener goes when its parser does: from then on a reset would end the process.
    socket.on('error', noop);
    this.#stuckReaders.add(socket);
  }

  #onRequest(request: IncomingMessage | Http2Request, response: ServerResponse | Http2Response): void {
    if (!(response instanceof Http2Response)) this.#queue(request.socket, response);
    else if (this.#sessions.take(response)) this.#serve(request, response);
  }

  #queue(socket: Socket, response: ServerResponse<IncomingMessage>): void {
    const connection = this.#connections.get(socket);
    // The connection closed while its last request was still in the parser; or an answer has gone out that says
    // that it is the last one (RFC 9112, 9.6): where this request begins may be in doubt.
    if (!connection || connection.isEnding || isLast(connection.latest)) return;
    this.#await(response, socket, connection);
    if (this.#draining) forbidReuse(response);
    if (connection.open > 1) {
      connection.pipeline ??= new Pipeline(socket);
      if (!connection.pipeline.add(response, connection.open)) return;
    }
    this.#serve(response.req, response);
  }

  #serve(request: IncomingRequest, response: ServerResponse | Http2Response): void {
    // A question about this server, not about a resource (RFC 9110, 9.3.7): there is nothing to send on.
    if (request.method === 'OPTIONS' && request.url === '*') response.writeHead(204, { Allow: ALLOW }).end();
    else this.#handle(request, response);
  }

  /** Node's parser has let go of the connection. Pipelined requests before this one get their answers first. */
  #onUpgrade(request: ClientRequest, socket: Socket, head: Buffer): void {
    const connection = this.#connections.get(socket);
    if (!connection || connection.isEnding || isLast(connection.latest)) return;
    const take = () => {
      connection.upcoming = undefined;
      const { response, upgrade } = detach(request, socket, head);
      this.#await(response, socket, connection);
      response.once('finish', () => this.#clock.after(READ_TIME_MS, () => socket.destroy()));
      this.#handle(request, response, upgrade);
    };
    connection.pipeline?.letGo();
    // With the parser went what tells a response that it may go on.
    socket.on('drain', () => connection.latest?.emit('drain'));
    connection.upcoming = take;
    if (connection.open === 0) take();
  }

  #await(response: ServerResponse, socket: Socket, connection: Connection): void {
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
    if (connection.left) socket.destroy();
    else if (connection.bareRefusal) refuseBare(socket, connection.bareRefusal, this.#clock);
    else if (this.#draining) socket.destroySoon();
    else if (socket.writable && !connection.isEnding) connection.upcoming?.();
  }

  #onClientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
    const code = codeOf(error, this.#settings);
    // The client closed in the middle of a request: nobody is there to be answered.
    if (error.code === 'HPE_INVALID_EOF_STATE') this.#leave(socket);
    else if (code === 'CLIENT_TOO_SLOW') this.#onOverdue(socket, code);
    else if (code) this.#fail(socket, code);
    else socket.destroy();
  }

  #onOverdue(socket: Socket, code: AnswerCode): void {
    const connection = this.#connections.get(socket);
    const fail = () => this.#fail(socket, code);
    if (connection) onceOverdue(connection, this.#clock, this.#settings.clientHeaderTimeoutMs, fail);
  }

  /** Ends a connection whose client has stopped in mid-request, after the answers to its earlier requests. */
  #leave(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    if (isBroken(connection.latest)) connection.broken = 1;
    connection.left = true;
    if (connection.open <= connection.broken) socket.destroy();
  }

  /** The parser can't go on. Pipelined requests before this one must still get their answers first. */
  #fail(socket: Socket, code: AnswerCode): void {
    const connection = this.#connections.get(socket);
    if (!connection || connection.bareRefusal) return;
    connection.bareRefusal = code;
    const { latest } = connection;
    if (isBroken(latest)) {
      if (latest.headersSent) {
        // Its answer is on its way already, and says how it is framed, except to an HTTP/1.0 client.
        if (latest.req.httpVersionMinor > 0) socket.destroySoon();
        else socket.destroy();
        return;
      }
      connection.broken = 1;
    }
    if (connection.open <= connection.broken) refuseBare(socket, code, this.#clock);
  }
}
