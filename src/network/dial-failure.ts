/** The failure to open a connection, and why. */

import { networkInterfaces } from 'node:os';
import { whatRanOut } from './shortage.ts';

/** `shortage`: this machine has run out of something, which says nothing about the other side. */
export type DialReason = 'dns' | 'refused' | 'tls' | 'connect-timeout' | 'shortage';

/** A connection that could not be opened: nothing was sent. */
export class DialFailure extends Error {
  readonly reason: DialReason;
  /** The error code of the system, the resolver or OpenSSL. */
  readonly code: string;

  /** A code that means a shortage replaces `reason`. */
  constructor(reason: DialReason, code: string) {
    super(`no connection: ${code}`);
    this.reason = whatRanOut(code) === undefined ? reason : 'shortage';
    this.code = code;
  }

  /** The failure of a connection to one address, before TLS. */
  static atAddress(address: string, error: unknown): DialFailure {
    const code = codeOf(error);
    // On a machine without IPv6 this code means just that, not that ports have run out.
    if (code === 'EADDRNOTAVAIL' && address.includes(':') && !hasIpv6())
      return new DialFailure('refused', 'ENETUNREACH');
    return new DialFailure(code === 'ETIMEDOUT' ? 'connect-timeout' : 'refused', code);
  }

  /** The failure that stands for those at several addresses: the one that says least against the other side. */
  static of(failures: readonly DialFailure[]): DialFailure {
    const first = (reason: DialReason) => failures.find((failure) => failure.reason === reason);
    return (
      first('shortage') ?? first('connect-timeout') ?? failures[0] ?? new DialFailure('refused', 'ENOTFOUND')
    );
  }
}

/** The code of an error; empty when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function hasIpv6(): boolean {
  return Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ family }) => family === 'IPv6'),
  );
}
