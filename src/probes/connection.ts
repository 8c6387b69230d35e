/** What connection errors mean to a probe. */

import type { DialFailure } from '../network/dial-failure.ts';
import type { ProbeResult } from './probe.ts';

const UNKNOWN_AUTHORITY = 'certificate of an unknown authority';

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'host name not found',
  ENODATA: 'host name not found',
  EAI_AGAIN: 'host name not found',
  ESERVFAIL: 'nameserver failed',
  ETIMEOUT: 'nameserver silent',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'no connection',
  EHOSTUNREACH: 'host not reachable',
  ENETUNREACH: 'network not reachable',
  CERT_HAS_EXPIRED: 'certificate has expired',
  CERT_NOT_YET_VALID: 'certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  ERR_TLS_CERT_ALTNAME_INVALID: 'certificate of another host',
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
};

/** An error's code; undefined when it has none. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]*$/.test(code) ? code : undefined;
}

/** What a connection error means, from its code alone: messages can quote what was requested. */
export function problemOf(error: unknown): string {
  const code = codeOf(error);
  if (code === undefined) return 'connection failed';
  if (code.startsWith('HPE_')) return `not valid HTTP (${code})`;
  return `${DESCRIPTIONS[code] ?? 'connection failed'} (${code})`;
}

/** The result of a check that could not connect: nothing is known when this machine was out of some resource. */
export function resultOfDialFailure(failure: DialFailure): ProbeResult {
  const problem = problemOf(failure);
  return failure.reason === 'shortage' ? { up: undefined, problem } : { up: false, problem };
}
