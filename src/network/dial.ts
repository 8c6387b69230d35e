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
  /** With it the connection speaks TLS, and the host's certificate is verified as it says. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'rejectUnauthorized' | 'session'> & {
    /** Told of each session that a later connection can resume: with TLS 1.3 several, after the handshake. */
    readonly onSession?: (session: Buffer) => void;
  };
}

export type Dialled = (result: Socket | DialFailure) => void;

export interface DialerOptions {
  readonly clock: Clock;
  readonly names: Names;
  readonly shortages: Shortages;
}

/** The next address is tried when the one before has not answered for so long (RFC 8305, 5). */
const NEXT_ADDRESS_MS = 250;
/** After so much silence the system asks whether the other side is still there. */
const KEEP_ALIVE_MS = 60_000;
const TCP_BUFFER_BYTES = 65_536;
/** No TLS record is larger. */
const TLS_BUFFER_BYTES = 16_384;

const noop = () => {};

/** The socket that carries each TLS connection: only that one can be reset. */
const carriers = new WeakMap<Socket, Socket>();

/**
 * Ends a connection that is given up, by a reset: the other side sees that something broke off, and the local port
 * is free at once instead of waiting for a minute (TIME_WAIT).
 */
export function reset(socket: Socket): void {
  const carrier = carriers.get(socket) ?? socket;
  if (!carrier.destroyed && !carrier.connecting) carrier.resetAndDestroy();
  socket.destroy();
}

/** Opens connections: the addresses of a name in a staggered race (RFC 8305), then TLS. */
export class Dialer {
  readonly #options: DialerOptions;

  constructor(options: DialerOptions) {
    this.#options = options;
  }

  /**
   * Calls `done` once, after it has returned and within `timeoutMs`, with a connected socket or with why there is
   * none. What it returns gives the attempt up: `done` is not called any more then.
   */
  dial(target: Target, timeoutMs: number, done: Dialled): () => void {
    return new Dial(target, this.#options, done).start(timeoutMs);
  }
}

/** looking-up -> racing -> securing -> over; each may end in `over` by a failure, by the time, or from outside. */
class Dial {
  readonly #target: Target;
  readonly #options: DialerOptions;
  readonly #done: Dialled;
  #state: 'looking-up' | 'racing' | 'securing' | 'over' = 'looking-up';
  /** Addresses not tried yet. */
  #waiting: string[] = [];
  /** What is being opened, with its address. */
  readonly #opening = new Map<Socket, string>();
  /** Of addresses, in the order in which they failed. */
  readonly #failures = new Map<string, DialFailure>();
  #stopLimit = noop;
  #stopNext = noop;

  constructor(target: Target, options: DialerOptions, done: Dialled) {
    this.#target = target;
    this.#options = options;
    this.#done = done;
  }

  start(timeoutMs: number): () => void {
    const { clock, names } = this.#options;
    const { host } = this.#target;
    this.#stopLimit = clock.after(timeoutMs, () => this.#onTimeUp());
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
    this.#stopNext();
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
    // Stays: an error of a socket that nobody wants any more must not end the process.
    socket.on('error', (error) => this.#onRefused(socket, address, error));
    if (this.#waiting.length > 0)
      this.#stopNext = this.#options.clock.after(NEXT_ADDRESS_MS, () => this.#tryNext());
  }

  #onRefused(socket: Socket, address: string, error: Error): void {
    if (this.#state !== 'racing' || !this.#opening.delete(socket)) return;
    this.#failures.set(address, DialFailure.atAddress(address, error));
    this.#tryNext();
  }

  #onConnected(socket: Socket, address: string): void {
    if (this.#state !== 'racing' || !this.#opening.delete(socket)) return;
    this.#stopNext();
    const { names } = this.#options;
    for (const other of [...this.#failures.keys(), ...this.#opening.values()])
      names.avoid(this.#target.host, other);
    this.#giveUp();
    this.#opening.set(socket, address);
    if (this.#target.tls) this.#secure(socket, this.#target.tls);
    else this.#succeed(socket);
  }

  #secure(carrier: Socket, tls: NonNullable<Target['tls']>): void {
    this.#state = 'securing';
    const { host } = this.#target;
    const options = {
      ...tls,
      socket: carrier,
      // Whose certificate it must be. The name also goes out to the server, an address must not (RFC 6066, 3).
      host,
      servername: isIP(host) === 0 ? host.replace(/\.$/, '') : '',
      ALPNProtocols: ['http/1.1'],
      highWaterMark: TLS_BUFFER_BYTES,
    };
    const socket = connectTls(options);
    carriers.set(socket, carrier);
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
    this.#stopLimit();
    this.#stopNext();
    this.#giveUp();
  }

  #giveUp(): void {
    for (const socket of this.#opening.keys()) reset(socket);
    this.#opening.clear();
  }
}
