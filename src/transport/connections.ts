import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Clock } from '../clock.ts';
import { type Dialer, reset } from '../network/dial.ts';
import { DialFailure } from '../network/dial-failure.ts';
import type { Random } from '../random.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { FailedWrite } from './failed-write.ts';
import { HeldEnd } from './held-end.ts';
import { UnaskedContinue } from './unasked-continue.ts';

/** What is read of an answer's head at most; more is a broken upstream. */
const MAX_RESPONSE_HEADER_BYTES = 64 * 1024;
/** Shorter than any common server's idle time (Node's is 5 s), so that we are the ones who close. */
const IDLE_MS = 4_000;
/** Taken off an upstream's own Keep-Alive hint. */
const IDLE_HINT_MARGIN_MS = 1_000;
/**
 * A connection is kept no longer than this, less up to a quarter by chance, however busy it is: when a provider
 * moves to another address, only new connections ask for it.
 */
const GREATEST_AGE_MS = 120_000;
const AGE_JITTER = 0.25;

/** One connection to an upstream, carrying one attempt at a time. */
export interface Connection {
  readonly client: Client;
  /** The socket under it once it is connected. */
  socket: Socket | undefined;
  /** What is between that socket and the client. */
  filter: UnaskedContinue | undefined;
  /** Lets that socket be read when it can't be written any more. */
  failedWrite: FailedWrite | undefined;
  /** Keeps the end of that socket back while its answer is paused. */
  heldEnd: HeldEnd | undefined;
  /** Nobody uses it at the moment. */
  isIdle: boolean;
  /** When it is too old to be kept; monotonic milliseconds. */
  readonly retireAtMs: number;
  /** Somebody may have logged in on it: the client connection that it goes on serving, and no other one. */
  owner: Socket | undefined;
  /** Gives up what is being opened. */
  stopDialing: () => void;
}

/** How connections are opened, and for how long they are kept. */
export interface ConnectionSettings {
  readonly dialer: Dialer;
  readonly connectTimeoutMs: number;
  readonly clock: Clock;
  readonly random: Random;
}

/**
 * The kept connections to one upstream, the one used last first. Ours rather than undici's Pool: it
 * tells a fresh connection from a kept one, which decides whether a reset may be tried once more, and
 * it costs a fifth less per request.
 */
export class ConnectionPool {
  readonly #upstream: Upstream;
  readonly #settings: ConnectionSettings;
  readonly #idle: Connection[] = [];
  /** Idle ones that serve one client connection only. They end with their idle time. */
  readonly #owned = new WeakMap<Socket, Connection>();
  /** There was one at some time. */
  #hasOwned = false;
  #closed = false;
  /** The last TLS session: the next handshake resumes it. */
  #session: Buffer | undefined;

  constructor(upstream: Upstream, settings: ConnectionSettings) {
    this.#upstream = upstream;
    this.#settings = settings;
  }

  /**
   * A kept connection, or a fresh one when there is none or `fresh` asks for it. `client` is the connection on which the
   * request came; undefined for one of our own.
   */
  acquire(fresh: boolean, client: Socket | undefined): Connection {
    const connection = (fresh ? undefined : this.#takeKept(client)) ?? this.#open();
    connection.isIdle = false;
    connection.filter?.expectAnswer();
    return connection;
  }

  /** Takes back a connection whose answer ended in step. */
  release(connection: Connection): void {
    // A write by TLS is said to be over a turn late.
    if (connection.socket?.writableLength) setImmediate(this.#keep, connection);
    else this.#keep(connection);
  }

  /** Resets a connection whose state is in doubt, even while it is being opened. */
  discard(connection: Connection): void {
    connection.stopDialing();
    if (connection.socket) reset(connection.socket);
    connection.client.destroy().catch(() => {});
  }

  /** Closes the idle connections now, the others when their attempt ends. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.discard(connection);
  }

  #takeKept(client: Socket | undefined): Connection | undefined {
    const owned = this.#hasOwned && client ? this.#owned.get(client) : undefined;
    if (!owned || !client) return this.#idle.pop();
    this.#owned.delete(client);
    return owned;
  }

  #open(): Connection {
    this.#upstream.connectionsOpened += 1;
    const client = new Client(this.#upstream.origin, {
      connect: (_options, callback) => this.#dial(connection, callback),
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveTimeoutThreshold: IDLE_HINT_MARGIN_MS,
      keepAliveMaxTimeout: 60_000,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      // The attempt has its own timers: they know the request's deadline and the client's pauses.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const { clock, random } = this.#settings;
    const connection: Connection = {
      client,
      socket: undefined,
      filter: undefined,
      failedWrite: undefined,
      heldEnd: undefined,
      isIdle: false,
      retireAtMs: clock.monotonicMs() + GREATEST_AGE_MS * (1 - AGE_JITTER * random()),
      owner: undefined,
      stopDialing: () => {},
    };
    client.on('disconnect', () => this.#forget(connection));
    return connection;
  }

  /** The name in the URL is the one to verify, whatever Host a request carries. */
  #dial(connection: Connection, callback: (...result: [Error, null] | [null, Socket]) => void): void {
    const { dialer, connectTimeoutMs } = this.#settings;
    const { address, secure, verification } = this.#upstream;
    const tls = { ...verification, session: this.#session, onSession: this.#keepSession };
    const target = secure ? { ...address, tls } : address;
    connection.stopDialing = dialer.dial(target, connectTimeoutMs, (result) => {
      if (result instanceof DialFailure) return callback(result, null);
      adopt(connection, result);
      callback(null, result);
    });
  }

  readonly #keepSession = (session: Buffer): void => {
    this.#session = session;
  };

  readonly #keep = (connection: Connection): void => {
    const isOld = this.#settings.clock.monotonicMs() >= connection.retireAtMs;
    // An answer before the request's end leaves in doubt where the upstream sees the next request begin.
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

  #forget(connection: Connection): void {
    const { owner } = connection;
    connection.socket = undefined;
    connection.filter = undefined;
    connection.failedWrite = undefined;
    connection.heldEnd = undefined;
    if (!connection.isIdle) return;
    if (owner && this.#owned.get(owner) === connection) this.#owned.delete(owner);
    const index = this.#idle.indexOf(connection);
    if (index >= 0) this.#idle.splice(index, 1);
    this.discard(connection);
  }
}

/** Connected: the request that it was opened for goes out next. */
function adopt(connection: Connection, socket: Socket): void {
  connection.socket = socket;
  connection.heldEnd = new HeldEnd(socket);
  connection.filter = new UnaskedContinue(socket);
  connection.failedWrite = new FailedWrite(socket);
  connection.filter.expectAnswer();
  // undici ends what was idle for too long.
  const destroy = socket.destroy.bind(socket);
  let isReset = false;
  socket.destroy = (error) => {
    if (!connection.isIdle || isReset) return destroy(error);
    isReset = true;
    reset(socket);
    return socket;
  };
}
