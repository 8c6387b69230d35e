/** Turns errors of the dialer, of undici and of sockets into outcomes of an attempt. */

import { codeOf, DialFailure } from '../network/dial-failure.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { Upload } from './upload.ts';

/** How far an attempt had come when its error arrived. */
export interface Progress {
  /** The request was written to a connection. */
  readonly sent: boolean;
  /** The first byte of an answer has arrived. */
  readonly responseStarted: boolean;
  /** The answer's header section is complete. */
  readonly headersDone: boolean;
  /** The connection has served an earlier request. */
  readonly reused: boolean;
}

type Failure = Extract<AttemptOutcome, { kind: 'unreachable' | 'shortage' | 'broken' }>;

/** Whether undici complains about the Content-Length of a 304, which has no body (RFC 9110, 8.6). */
export function isAbout304(error: Error, status: number | undefined): boolean {
  return status === 304 && 'code' in error && error.code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH';
}

/** The outcome of an attempt that has failed with `error`. */
export function readFailure(error: Error, progress: Progress): Failure {
  const code = codeOf(error);
  if (!progress.sent) {
    // undici can run short, too: it loads its parser when the first connection is open.
    const { reason } = error instanceof DialFailure ? error : new DialFailure('refused', code);
    return reason === 'shortage' ? { kind: 'shortage' } : { kind: 'unreachable', reason };
  }
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW') return broken('bad-http');
  if (progress.headersDone) return broken('cut');
  if (progress.responseStarted) return broken('bad-http');
  return { kind: 'broken', reason: 'reset', stale: progress.reused };
}

function broken(reason: 'cut' | 'bad-http'): Failure {
  return { kind: 'broken', reason, stale: false };
}

/**
 * The outcome of a failure of an attempt that uploads. `isUnsent`: some of what was written was not sent, and never
 * will be.
 */
export function readUploadFailure(
  failure: Failure,
  { problem, readableEnded }: Upload,
  isUnsent: boolean,
): AttemptOutcome {
  if (problem) return { kind: 'upload-failed', code: problem };
  // The connection was closed in the middle of the upload, before any byte of an answer.
  const isReset = failure.kind === 'broken' && failure.reason === 'reset';
  return isReset && (isUnsent || !readableEnded) ? { kind: 'upload-cut' } : failure;
}
