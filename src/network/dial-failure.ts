import { networkInterfaces } from 'node:os';
import { whatRanOut } from './shortage.ts';

/** Why there is no connection. `shortage`: the machine itself is short of something, it says nothing of the other side. */
export type DialReason = 'dns' | 'refused' | 'tls' | 'connect-timeout' | 'shortage';

/** A connection that could not be opened: nothing was sent. */
export class DialFailure extends Error {
  readonly reason: DialReason;
  /** Of the system, the resolver or OpenSSL. */
  readonly code: string;

  /** A shortage is one at whatever stage it was met. */
  constructor(reason: DialReason, code: string) {
    super(`no connection: ${code}`);
    this.reason = whatRanOut(code) === undefined ? reason : 'shortage';
    this.code = code;
  }

  /** How a connection to one address failed, before TLS. */
  static atAddress(address: string, error: unknown): DialFailure {
    const code = codeOf(error);
    // On a machine without IPv6 it means that, and not that ports have run out.
    if (code === 'EADDRNOTAVAIL' && address.includes(':') && !hasIpv6())
      return new DialFailure('refused', 'ENETUNREACH');
    return new DialFailure(code === 'ETIMEDOUT' ? 'connect-timeout' : 'refused', code);
  }

  /** What the failures at several addresses come to: as long as one may be well, the least that speaks against it. */
  static of(failures: readonly DialFailure[]): DialFailure {
    const first = (reason: DialReason) => failures.find((failure) => failure.reason === reason);
    return (
      first('shortage') ?? first('connect-timeout') ?? failures[0] ?? new DialFailure('refused', 'ENOTFOUND')
    );
  }
}

/** The code of an error; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6'),
  );
}
