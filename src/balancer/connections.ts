import type { Socket } from 'node:net';
import { buildConnector, Client } from 'undici';
import type { Upstream } from '../upstreams/upstream.ts';
import { FailedWrite } from './failed-write.ts';
import { UnaskedContinue } from './unasked-continue.ts';

/** What is read of an answer's head at most; more is a broken upstream. */
const MAX_RESPONSE_HEADER_BYTES = 64 * 1024;
/** Shorter than any common server's idle time (Node's is 5 s), so that we are the ones who close. */
const IDLE_MS = 4_000;
/** Taken off an upstream's own Keep-Alive hint. */
const IDLE_HINT_MARGIN_MS = 1_000;

/** One connection to an upstream, carrying one exchange at a time. */
export interface Connection {
  readonly client: Client;
  /** The socket under it once it is connected. */
  socket: Socket | undefined;
  /** What is between that socket and the client. */
  filter: UnaskedContinue | undefined;
  /** Lets that socket be read when it can't be written any more. */
  failedWrite: FailedWrite | undefined;
}

/**
 * The kept connections to one upstream, the one used last first. Ours rather than undici's Pool: it
 * tells a fresh connection from a kept one, which decides whether a reset may be tried once more, and
 * it costs a fifth less per request.
 */
export class ConnectionPool {
  readonly #upstream: Upstream;
  readonly #connecting: buildConnector.BuildOptions;
  readonly #idle: Connection[] = [];
  #closed = false;
  /** The last TLS session: the next handshake resumes it. undici's own cache holds sessions too weakly. */
  #session: Buffer | undefined;

  constructor(upstream: Upstream, connectTimeoutMs: number) {
    this.#upstream = upstream;
    this.#connecting = {
      timeout: connectTimeoutMs,
      allowH2: false,
      maxCachedSessions: 0,
      ...upstream.verification,
    };
  }

  /** A kept connection, or a fresh one when there is none or `fresh` asks for it. */
  acquire(fresh: boolean): Connection {
    const connection = (fresh ? undefined : this.#idle.pop()) ?? this.#open();
    connection.filter?.expectAnswer();
    return connection;
  }

  /** Takes back a connection whose answer ended in step. */
  release(connection: Connection): void {
    // A write by TLS is said to be over a turn late.
    if (connection.socket?.writableLength) setImmediate(this.#keep, connection);
    else this.#keep(connection);
  }

  /** Closes a connection whose state is in doubt, even while it is being opened. */
  discard(connection: Connection): void {
    connection.client.destroy().catch(() => {});
  }

  /** Closes the idle connections now, the others when their exchange ends. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#idle.splice(0)) this.discard(connection);
  }

  #open(): Connection {
    this.#upstream.connectionsOpened += 1;
    const client = new Client(this.#upstream.origin, {
      connect: ({ servername: _ofRequest, ...options }, callback) => {
        // The name in the URL is the one to verify, whatever Host a request carries.
        const connect = buildConnector({ ...this.#connecting, session: this.#session });
        return connect(options, (...result) => {
          const [, socket] = result;
          if (socket) {
            adopt(connection, socket);
            // With TLS 1.3 it comes after the handshake, and there may be several.
            socket.on('session', this.#keepSession);
          }
          callback(...result);
        });
      },
      pipelining: 1,
      keepAliveTimeout: IDLE_MS,
      keepAliveTimeoutThreshold: IDLE_HINT_MARGIN_MS,
      keepAliveMaxTimeout: 60_000,
      maxHeaderSize: MAX_RESPONSE_HEADER_BYTES,
      // The attempt has its own timers: they know the request's deadline and the client's pauses.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const connection: Connection = { client, socket: undefined, filter: undefined, failedWrite: undefined };
    client.on('disconnect', () => this.#forget(connection));
    return connection;
  }

  readonly #keepSession = (session: Buffer): void => {
    this.#session = session;
  };

  readonly #keep = (connection: Connection): void => {
    // An answer before the request's end leaves in doubt where the upstream sees the next request begin.
    if (this.#closed || connection.socket?.writableLength !== 0) this.discard(connection);
    else this.#idle.push(connection);
  };

  #forget(connection: Connection): void {
    connection.socket = undefined;
    connection.filter = undefined;
    connection.failedWrite = undefined;
    const index = this.#idle.indexOf(connection);
    if (index < 0) return;
    this.#idle.splice(index, 1);
    this.discard(connection);
  }
}

/** Connected: the request that it was opened for goes out next. */
function adopt(connection: Connection, socket: Socket): void {
  connection.socket = socket;
  connection.filter = new UnaskedContinue(socket);
  connection.failedWrite = new FailedWrite(socket);
  connection.filter.expectAnswer();
}
