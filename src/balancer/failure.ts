import type { AttemptOutcome } from './outcome.ts';

/** How far an attempt had come when its error arrived. */
export interface Progress {
  /** The request was written to a connection. */
  readonly sent: boolean;
  /** The first byte of an answer came. */
  readonly heard: boolean;
  /** The answer's header section is complete. */
  readonly headersDone: boolean;
  /** The connection had served before. */
  readonly kept: boolean;
  readonly secure: boolean;
}

type Failure = Extract<AttemptOutcome, { kind: 'unreachable' | 'broken' }>;

const DNS_CODES: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'EAI_NODATA',
  'EAI_NONAME',
]);
const CONNECT_TIMEOUT_CODES: ReadonlySet<string> = new Set(['UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
/** OpenSSL's and Node's names for a handshake or a certificate that failed. */
const TLS_CODE =
  /^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|ERR_OSSL|HOSTNAME_MISMATCH|INVALID_)/;

/** Whether undici took the length of the body that a 304 leaves out (RFC 9110, 8.6) for a broken promise. */
export function isAbout304(error: Error, status: number | undefined): boolean {
  return status === 304 && 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

/** Reduces an error of undici, of the socket or of the resolver to a closed outcome. */
export function readFailure(error: Error, progress: Progress): Failure {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (!progress.sent) {
    if (DNS_CODES.has(code)) return { kind: 'unreachable', reason: 'dns' };
    if (CONNECT_TIMEOUT_CODES.has(code)) return { kind: 'unreachable', reason: 'connect-timeout' };
    // A TLS upstream that closes during the handshake gives a plain ECONNRESET.
    if (TLS_CODE.test(code) || (progress.secure && code === 'ECONNRESET'))
      return { kind: 'unreachable', reason: 'tls' };
    return { kind: 'unreachable', reason: 'refused' };
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return broken('bad-http');
  if (progress.headersDone) return broken('cut');
  if (progress.heard) return broken('bad-http');
  return { kind: 'broken', reason: 'reset', stale: progress.kept };
}

function broken(reason: 'cut' | 'bad-http'): Failure {
  return { kind: 'broken', reason, stale: false };
}
