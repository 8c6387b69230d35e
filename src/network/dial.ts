/** Opens connections: the addresses of a name in a staggered race (RFC 8305), then TLS. */

import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Clock } from '../clock.ts';
import { codeOf, DialFailure } from './dial-failure.ts';
import type { Names } from './names.ts';
import type { Shortages } from './shortage.ts';

/** Where a connection goes. */
export interface Target {
  /** A host name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** When it is set the connection uses TLS, and verifies the host's certificate accordingly. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'rejectUnauthorized' | 'session'> & {
    /** Called with each session that a later connection can resume: with TLS 1.3 several, after the handshake. */
    readonly onSession?: (session: Buffer) => void;
  };
}

export type Dialled = (result: Socket | DialFailure) => void;

export interface DialerOptions {
  readonly clock: Clock;
  readonly names: Names;
  readonly shortages: Shortages;
}

/** The next address is tried when the one before has not answered for this long (RFC 8305, 5). */
const NEXT_ADDRESS_MS = 250;
/** After this much silence the system probes whether the other side is still there. */
const KEEP_ALIVE_MS = 60_000;
const TCP_BUFFER_BYTES = 65_536;
/** No TLS record is larger. */
const TLS_BUFFER_BYTES = 16_384;

const noop = () => {};

/** The TCP socket under each TLS socket: only that one can be reset. */
const tcpSockets = new WeakMap<Socket, Socket>();

/**
 * Ends an abandoned connection by a reset: the other side sees that it broke off, and the local port is free at once
 * instead of after a minute (TIME_WAIT).
 */
export function reset(socket: Socket): void {
  const tcpSocket = tcpSockets.get(socket) ?? socket;
  if (!tcpSocket.destroyed && !tcpSocket.connecting) tcpSocket.resetAndDestroy();
  socket.destroy();
}

export class Dialer {
  readonly #options: DialerOptions;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /**
   * Calls `done` once, after this method has returned and within `timeoutMs`, with a connected socket or the failure.
   * The returned function cancels the attempt: `done` is then not called any more.
   */
  dial(target: Target, timeoutMs: number, done: Dialled): () => void {
    return new Dial(target, this.#options, done).start(timeoutMs);
  }
}

/** looking-up -> racing -> securing -> over; each may go to `over` by failure, timeout or cancellation. */
class Dial {
  readonly #target: Target;
  readonly #options: DialerOptions;
  readonly #done: Dialled;
  #state: 'looking-up' | 'racing' | 'securing' | 'over' = 'looking-up';
  /** Addresses not tried yet. */
  #waiting: string[] = [];
  /** Sockets that are being opened, with their addresses. */
  readonly #opening = new Map<Socket, string>();
  /** By address, in the order in which they failed. */
  readonly #failures = new Map<string, DialFailure>();
  #stopTimeout = noop;
  #stopNextTimer = noop;

  constructor(target: Target, options: DialerOptions, done: Dialled) {
    this.#target = target;
    this.#options = options;
    this.#done = done;
  }

  start(timeoutMs: number): () => void {
    const { clock, names } = this.#options;
    const { host } = this.#target;
    this.#stopTimeout = clock.after(timeoutMs, () => this.#onTimeUp());
    const addresses = isIP(host) === 0 ? names.find(host) : Promise.resolve([host]);
    addresses.then(
      (found) => this.#race(found),
      (error: unknown) => this.#fail(new DialFailure('dns', codeOf(error))),
    );
    return () => this.#end();
  }

  #race(addresses: string[]): void {
    if (this.#state === 'over') return;
    this.#state = 'racing';
    this.#waiting = addresses;
    this.#tryNext();
  }

  #tryNext(): void {
    this.#stopNextTimer();
    const address = this.#waiting.shift();
    if (address === undefined) {
      if (this.#opening.size === 0) this.#fail(DialFailure.of([...this.#failures.values()]));
      return;
    }
    const options = {
      host: address,
      port: this.#target.port,
      highWaterMark: TCP_BUFFER_BYTES,
      noDelay: true,
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
    };
    const socket = connectTcp(options);
    this.#opening.set(socket, address);
    socket.once('connect', () => this.#onConnected(socket, address));
    // Stays registered: an error of a socket that is no longer needed must not end the process.
    socket.on('error', (error) => this.#onAddressFailed(socket, address, error));
    if (this.#waiting.length > 0)
      this.#stopNextTimer = this.#options.clock.after(NEXT_ADDRESS_MS, () => this.#tryNext());
  }

  #onAddressFailed(socket: Socket, address: string, error: Error): void {
    if (this.#state !== 'racing' || !this.#opening.delete(socket)) return;
    this.#failures.set(address, DialFailure.atAddress(address, error));
    this.#tryNext();
  }

  #onConnected(socket: Socket, address: string): void {
    if (this.#state !== 'racing' || !this.#opening.delete(socket)) return;
    this.#stopNextTimer();
    const { names } = this.#options;
    for (const other of [...this.#failures.keys(), ...this.#opening.values()])
      names.avoid(this.#target.host, other);
    this.#resetOpening();
    this.#opening.set(socket, address);
    if (this.#target.tls) this.#secure(socket, this.#target.tls);
    else this.#succeed(socket);
  }

  #secure(tcpSocket: Socket, tls: NonNullable<Target['tls']>): void {
    this.#state = 'securing';
    const { host } = this.#target;
    const options = {
      ...tls,
      socket: tcpSocket,
      // The name that the certificate must have. It is also sent to the server, unless it is an address (RFC 6066, 3).
      host,
      servername: isIP(host) === 0 ? host.replace(/\.$/, '') : '',
      ALPNProtocols: ['http/1.1'],
      highWaterMark: TLS_BUFFER_BYTES,
    };
    const socket = connectTls(options);
    tcpSockets.set(socket, tcpSocket);
    this.#opening.set(socket, host);
    if (tls.onSession) socket.on('session', tls.onSession);
    socket.once('secureConnect', () => this.#succeed(socket));
    socket.on('error', (error) => this.#fail(new DialFailure('tls', codeOf(error))));
  }

  #onTimeUp(): void {
    switch (this.#state) {
      case 'looking-up':
        this.#fail(new DialFailure('dns', 'ETIMEOUT'));
        break;
      case 'racing':
      case 'securing': {
        const late = new DialFailure('connect-timeout', 'ETIMEDOUT');
        this.#fail(DialFailure.of([...this.#failures.values(), late]));
        break;
      }
      case 'over':
        break;
      default:
        this.#state satisfies never;
    }
  }

  #succeed(socket: Socket): void {
    if (this.#state === 'over') return;
    this.#opening.clear();
    this.#end();
    this.#done(socket);
  }

  #fail(failure: DialFailure): void {
    if (this.#state === 'over') return;
    this.#end();
    this.#options.shortages.note(failure.code);
    this.#done(failure);
  }

  #end(): void {
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#stopTimeout();
    this.#stopNextTimer();
    this.#resetOpening();
  }

  #resetOpening(): void {
    for (const socket of this.#opening.keys()) reset(socket);
    this.#opening.clear();
  }
}
