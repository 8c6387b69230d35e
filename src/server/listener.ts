import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import { ClientRequest, type UpgradeAsked } from './client-request.ts';
import { type Connection, forbidReuse, isBroken, isLast, newConnection } from './connection.ts';
import { ALLOW, lastWords } from './last-words.ts';
import { StuckReaders } from './stuck-readers.ts';
import { detach } from './upgrade.ts';

export interface ListenerSettings {
  readonly clientHeaderTimeoutMs: number;
  /** How long a client may take nothing of its answer. */
  readonly clientBodyTimeoutMs: number;
  readonly clientKeepAliveMs: number;
  readonly maxHeaderSizeBytes: number;
  readonly maxUrlBytes: number;
  readonly maxConnections: number;
}

const noop = () => {};
/** How often Node looks for requests whose headers are overdue. */
const TIMEOUT_CHECK_MS = 1_000;
/** How long a new connection is waited for in the drain: its request may be on its way. */
const FIRST_REQUEST_MS = 500;
/** How long a client may take to read the answer to a malformed request. */
const LAST_WORDS_MS = 1_000;

/**
 * Pipelined requests of one connection that are worked on at once. The parser hands over all that fit into one
 * read, over a thousand; each could keep an answer in memory until the client reads the ones before it.
 */
const MAX_PIPELINED = 16;

/** Takes a request; `upgrade` is there when the client asks for another protocol. */
export type Handle = (request: IncomingMessage, response: ServerResponse, upgrade?: UpgradeAsked) => void;

/** Where clients connect: limits at the edge, honest ends for malformed requests, and a drain that loses nothing. */
export class Listener {
  readonly #server: Server<typeof ClientRequest>;
  readonly #clock: Clock;
  readonly #settings: ListenerSettings;
  readonly #handle: Handle;
  readonly #connections = new Map<Socket, Connection>();
  readonly #stuckReaders: StuckReaders;
  #draining = false;

  constructor(settings: ListenerSettings, clock: Clock, handle: Handle) {
    this.#settings = settings;
    this.#clock = clock;
    this.#handle = handle;
    this.#stuckReaders = new StuckReaders(clock, settings.clientBodyTimeoutMs);
    this.#server = createServer({
      IncomingMessage: ClientRequest,
      // Ours is counted apart from the URL; the parser's limit is only the outer wall.
      maxHeaderSize: settings.maxHeaderSizeBytes + settings.maxUrlBytes + 4096,
      headersTimeout: settings.clientHeaderTimeoutMs,
      // A whole-request limit would cut long uploads; silence in a body has its own.
      requestTimeout: 0,
      keepAliveTimeout: settings.clientKeepAliveMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      requireHostHeader: false,
      noDelay: true,
    });
    // Node's own limit drops lines silently, Content-Length among them: a smuggled request.
    this.#server.maxHeadersCount = 0;
    this.#server.maxConnections = settings.maxConnections;
    const onRequest = (request: IncomingMessage, response: ServerResponse) =>
      this.#onRequest(request, response);
    this.#server
      .on('connection', (socket) => this.#onConnection(socket))
      .on('request', onRequest)
      // Without these two Node answers 100 or 417 by itself, before anyone looked at the request.
      .on('checkContinue', onRequest)
      .on('checkExpectation', onRequest)
      // A plain server's connections are net.Sockets, a TLS server's extend them.
      .on('connect', (_request, socket) => this.#fail(socket as Socket, 'METHOD_NOT_ALLOWED'))
      .on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket as Socket, head))
      .on('clientError', (error, socket) => this.#onClientError(error, socket as Socket));
  }

  /** Resolves to the address when connections are accepted. Rejects with the system's error. */
  listen(port: number, host: string): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        const address = this.#server.address();
        if (address && typeof address === 'object') resolve(address);
      });
    });
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
        cut = this.#connections.size;
        // Node has forgotten those on which another protocol is spoken.
        for (const socket of this.#connections.keys()) socket.destroy();
        this.#server.closeAllConnections();
      });
      // When the poll is over: the system resets what it has queued up and nobody has accepted.
      setImmediate(() => {
        this.#server.close(() => {
          stopTimer();
          resolve(cut);
        });
        this.#closeIdle(({ isNew }) => !isNew);
        this.#clock.after(Math.min(FIRST_REQUEST_MS, timeoutMs), () => this.#closeIdle(() => true));
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

  #onRequest(request: IncomingMessage, response: ServerResponse): void {
    const connection = this.#connections.get(request.socket);
    // The connection closed while its last request was still in the parser; or an answer has gone out that says
    // that it is the last one (RFC 9112, 9.6): where this request begins may be in doubt.
    if (!connection || connection.isEnding || isLast(connection.latest)) return;
    this.#await(response, request.socket, connection);
    if (this.#draining) forbidReuse(response);
    // A question about this server, not about a resource (RFC 9110, 9.3.7): there is nothing to send on.
    if (request.method === 'OPTIONS' && request.url === '*') response.writeHead(204, { Allow: ALLOW }).end();
    else if (connection.open > MAX_PIPELINED) connection.waiting.push(response);
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
      response.once('finish', () => this.#clock.after(LAST_WORDS_MS, () => socket.destroy()));
      this.#handle(request, response, upgrade);
    };
    // With the parser went what tells a response that it may go on.
    socket.on('drain', () => connection.latest?.emit('drain'));
    connection.upcoming = take;
    if (connection.open === 0) take();
  }

  #await(response: ServerResponse, socket: Socket, connection: Connection): void {
    connection.open += 1;
    connection.isNew = false;
    connection.latest = response;
    response.once('close', () => this.#onResponseOver(socket, connection, response));
    response.on('error', noop);
  }

  #onResponseOver(socket: Socket, connection: Connection, response: ServerResponse): void {
    connection.open -= 1;
    connection.isEnding ||= isLast(response);
    if (connection.latest === response) connection.latest = undefined;
    const next = socket.destroyed ? undefined : connection.waiting.shift();
    if (next) this.#handle(next.req, next);
    if (connection.open > connection.broken) return;
    if (connection.left) socket.destroy();
    else if (connection.lastWords) this.#say(socket, connection.lastWords);
    else if (this.#draining) socket.destroySoon();
    else if (socket.writable && !connection.isEnding) connection.upcoming?.();
  }

  #onClientError(error: NodeJS.ErrnoException & { rawPacket?: Buffer }, socket: Socket): void {
    if (error.code === 'HPE_HEADER_OVERFLOW')
      this.#fail(socket, this.#isLineTooLong(error) ? 'URL_TOO_LONG' : 'HEADERS_TOO_LARGE');
    // The client closed in the middle of a request: nobody is there to be answered.
    else if (error.code === 'HPE_INVALID_EOF_STATE') this.#leave(socket);
    else if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') this.#fail(socket, 'CLIENT_TOO_SLOW');
    else if (error.code?.startsWith('HPE_')) this.#fail(socket, 'BAD_REQUEST');
    else socket.destroy();
  }

  /** Ends a connection whose client has stopped in mid-request, after the answers to its earlier requests. */
  #leave(socket: Socket): void {
    const connection = this.#connections.get(socket);
    if (!connection) return;
    if (isBroken(connection.latest)) connection.broken = 1;
    connection.left = true;
    if (connection.open <= connection.broken) socket.destroy();
  }

  /** Whether the bounds were broken by a request line, with which the packet then begins. */
  #isLineTooLong({ rawPacket }: { rawPacket?: Buffer }): boolean {
    if (!rawPacket || !/^[\r\n]*[A-Z]+ /.test(rawPacket.toString('latin1', 0, 32))) return false;
    const lineEnd = rawPacket.indexOf('\n', 4);
    return lineEnd < 0 || lineEnd > this.#settings.maxUrlBytes;
  }

  /** The parser can't go on. Pipelined requests before this one must still get their answers first. */
  #fail(socket: Socket, code: AnswerCode): void {
    const connection = this.#connections.get(socket);
    if (!connection || connection.lastWords) return;
    connection.lastWords = code;
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
    if (connection.open <= connection.broken) this.#say(socket, code);
  }

  #say(socket: Socket, code: AnswerCode): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    socket.end(lastWords(code));
    this.#clock.after(LAST_WORDS_MS, () => socket.destroy());
  }
}
