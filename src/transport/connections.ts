/** The connections to one upstream: opened, reused and closed. */

import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Clock } from '../clock.ts';
import { type Dialer, reset } from '../network/dial.ts';
import { DialFailure } from '../network/dial-failure.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { ContinueFilter } from './continue-filter.ts';
import { DeferredEnd } from './deferred-end.ts';
import { DeferredWriteError } from './deferred-write-error.ts';

/** The longest head of an answer that is read; a longer one is a broken upstream's. */
const MAX_RESPONSE_HEADER_BYTES = 64 * 1024;
/** Shorter than the idle time of any common server (Node's is 5 s), so that our side closes first. */
const IDLE_MS = 4_000;
/** Subtracted from an upstream's own Keep-Alive hint. */
const IDLE_HINT_MARGIN_MS = 1_000;
/**
 * A connection is kept for at most this long, minus up to a quarter at random, however busy it is: when a provider
 * moves to another address, only new connections look it up.
 */
const MAX_AGE_MS = 120_000;
const AGE_JITTER = 0.25;

/** One connection to an upstream, carrying one attempt at a time. */
export interface Connection {
  readonly client: Client;
  /** Its socket, while it is connected. */
  socket: Socket | undefined;
  /** The next three stand between the socket and undici, while it is connected. */
  continueFilter: ContinueFilter | undefined;
  deferredWriteError: DeferredWriteError | undefined;
  deferredEnd: DeferredEnd | undefined;
  /** No attempt uses it at the moment. */
  isIdle: boolean;
  /** When it is too old to be kept; monotonic milliseconds. */
  readonly retireAtMs: number;
  /** The only client connection that it serves from now on, because a login may apply to it. */
  owner: Socket | undefined;
  /** Gives up opening it. */
  stopDialing: () => void;
}

/** What is needed to open connections and to time how long they are kept. */
export interface ConnectionSettings {
  readonly dialer: Dialer;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * Reuses the connection used last first. Ours rather than undici's Pool: it tells a fresh connection from a kept one,
 * which decides whether a reset may be tried once more, and it costs a fifth less per request.
 */
export class ConnectionPool {
  readonly #upstream: Upstream;
  readonly #settings: ConnectionSettings;
  readonly #idle: Connection[] = [];
  /** Idle connections that serve one client connection only. They end with their idle time. */
  readonly #owned = new WeakMap<Socket, Connection>();
  /** `#owned` has had an entry at some time. */
  #hasOwned = false;
  #closed = false;
  /** The last TLS session, which the next handshake resumes. */
  #session: Buffer | undefined;

  constructor(upstream: Upstream, settings: ConnectionSettings) {
    this.#upstream = upstream;
    this.#settings = settings;
  }

  /**
   * Takes a kept connection, or opens one when there is none or `fresh` asks for it, within `connectTimeoutMs`.
   * `clientSocket` is the connection that the client's request came on; undefined for a request of our own.
   */
  acquire(fresh: boolean, clientSocket: Socket | undefined, connectTimeoutMs: number): Connection {
    const kept = fresh ? undefined : this.#takeIdle(clientSocket);
    const connection = kept ?? this.#open(connectTimeoutMs);
    connection.isIdle = false;
    connection.continueFilter?.expectAnswer();
    return connection;
  }

  /** Takes back a connection whose answer is complete. */
  release(connection: Connection): void {
    // TLS reports the end of a write one turn of the event loop late.
    if (connection.socket?.writableLength) setImmediate(this.#keep, connection);
    else this.#keep(connection);
  }

  /** Resets a connection whose state is in doubt, even while it is being opened. */
  discard(connection: Connection): void {
    connection.stopDialing();
    if (connection.socket) reset(connection.socket);
    connection.client.destroy().catch(() => {});
  }

  /** Closes the idle connections at once, the others when their attempts end. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.discard(connection);
  }

  #takeIdle(clientSocket: Socket | undefined): Connection | undefined {
    const owned = this.#hasOwned && clientSocket ? this.#owned.get(clientSocket) : undefined;
    if (!owned || !clientSocket) return this.#idle.pop();
    this.#owned.delete(clientSocket);
    return owned;
  }

  #open(connectTimeoutMs: number): Connection {
    this.#upstream.connectionsOpened += 1;
    const client = new Client(this.#upstream.origin, {
      connect: (_options, callback) => this.#dial(connection, connectTimeoutMs, callback),
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveTimeoutThreshold: IDLE_HINT_MARGIN_MS,
      keepAliveMaxTimeout: 60_000,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      // The transmission has its own limits, which consider the request's deadline and the client's pauses.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const { clock, random } = this.#settings;
    const connection: Connection = {
      client,
      socket: undefined,
      continueFilter: undefined,
      deferredWriteError: undefined,
      deferredEnd: undefined,
      isIdle: false,
      retireAtMs: clock.monotonicMs() + MAX_AGE_MS * (1 - AGE_JITTER * random()),
      owner: undefined,
      stopDialing: () => {},
    };
    client.on('disconnect', () => this.#onDisconnect(connection));
    return connection;
  }

  /** The certificate is verified for the name in the URL, whatever Host a request carries. */
  #dial(
    connection: Connection,
    connectTimeoutMs: number,
    callback: (...result: [Error, null] | [null, Socket]) => void,
  ): void {
    const { dialer } = this.#settings;
    const { address, secure, verification } = this.#upstream;
    const tls = { ...verification, session: this.#session, onSession: this.#keepSession };
    const target = secure ? { ...address, tls } : address;
    connection.stopDialing = dialer.dial(target, connectTimeoutMs, (result) => {
      if (result instanceof DialFailure) return callback(result, null);
      attachSocket(connection, result);
      callback(null, result);
    });
  }

  readonly #keepSession = (session: Buffer): void => {
    this.#session = session;
  };

  readonly #keep = (connection: Connection): void => {
    const isOld = this.#settings.clock.monotonicMs() >= connection.retireAtMs;
    // After an answer before the request's end it is uncertain where, to the upstream, the next request begins.
    if (this.#closed || isOld || connection.socket?.writableLength !== 0) {
      this.discard(connection);
      return;
    }
    connection.isIdle = true;
    const { owner } = connection;
    if (!owner) this.#idle.push(connection);
    else if (owner.destroyed || this.#owned.has(owner)) this.discard(connection);
    else {
      this.#owned.set(owner, connection);
      this.#hasOwned = true;
    }
  };

  #onDisconnect(connection: Connection): void {
    const { owner } = connection;
    connection.socket = undefined;
    connection.continueFilter = undefined;
    connection.deferredWriteError = undefined;
    connection.deferredEnd = undefined;
    if (!connection.isIdle) return;
    if (owner && this.#owned.get(owner) === connection) this.#owned.delete(owner);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.discard(connection);
  }
}

/** Prepares a connection whose socket is connected; the request that it was opened for is sent next. */
function attachSocket(connection: Connection, socket: Socket): void {
  connection.socket = socket;
  connection.deferredEnd = new DeferredEnd(socket);
  connection.continueFilter = new ContinueFilter(socket);
  connection.deferredWriteError = new DeferredWriteError(socket);
  connection.continueFilter.expectAnswer();
  // undici ends a connection that was idle for too long; it is reset instead.
  const destroy = socket.destroy.bind(socket);
  let isReset = false;
  socket.destroy = (error) => {
    if (!connection.isIdle || isReset) return destroy(error);
    isReset = true;
    reset(socket);
    return socket;
  };
}
