/** What the errors of the dialer, of undici and of sockets mean. */
import { codeOf, DialFailure } from '../network/dial-failure.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { Upload } from './upload.ts';

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
}

type Failure = Extract<AttemptOutcome, { kind: 'unreachable' | 'shortage' | 'broken' }>;

/** Whether undici took the length of the body that a 304 leaves out (RFC 9110, 8.6) for a broken promise. */
export function isAbout304(error: Error, status: number | undefined): boolean {
  return status === 304 && 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

/** Reduces an error of the dialer, of undici or of the socket to a closed outcome. */
export function readFailure(error: Error, progress: Progress): Failure {
  const code = codeOf(error);
  if (!progress.sent) {
    // undici too can be short: it loads its parser when the first connection is there.
    const { reason } = error instanceof DialFailure ? error : new DialFailure('refused', code);
    return reason === 'shortage' ? { kind: 'shortage' } : { kind: 'unreachable', reason };
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return broken('bad-http');
  if (progress.headersDone) return broken('cut');
  if (progress.heard) return broken('bad-http');
  return { kind: 'broken', reason: 'reset', stale: progress.kept };
}

function broken(reason: 'cut' | 'bad-http'): Failure {
  return { kind: 'broken', reason, stale: false };
}

/**
 * What a failure means for an attempt that uploads. `isUnsent`: not all that was written has gone out, and it never
 * will.
 */
export function readUploadFailure(
  failure: Failure,
  { problem, readableEnded }: Upload,
  isUnsent: boolean,
): AttemptOutcome {
  if (problem) return { kind: 'upload-failed', code: problem };
  // Closed before any byte of an answer, and in the middle of the upload.
  const isReset = failure.kind === 'broken' && failure.reason === 'reset';
  return isReset && (isUnsent || !readableEnded) ? { kind: 'upload-cut' } : failure;
}
