/** How an attempt at one upstream can end. */

import type { Socket } from 'node:net';
import type { FailureReason } from '../events.ts';
import type { ResponseHeaders } from '../http/response-headers.ts';

/** Where the rest of an answer's body goes, chunk by chunk. */
export interface Sink {
  /** False when no more is wanted until `resume`. */
  write(chunk: Buffer): boolean;
  /** The body is complete. */
  end(): void;
  /** The body broke off; `timeout` means that it was silent for too long. */
  fail(reason: FailureReason): void;
}

/** The rest of an answer's body that was not read whole. It stays paused until `flowInto` or `cancel`. */
export interface ResponseStream {
  flowInto(sink: Sink): void;
  resume(): void;
  /** Drops the rest and the connection with it. */
  cancel(): void;
}

export interface Answered {
  readonly kind: 'answered';
  readonly status: number;
  readonly reasonPhrase: string;
  readonly headers: ResponseHeaders;
  /** The whole body, or the part that arrived before it began to stream. */
  readonly body: Buffer;
  readonly stream: ResponseStream | undefined;
}

/** The upstream has switched to another protocol: the connection belongs to a tunnel from now on. */
export interface Switched {
  readonly kind: 'switched';
  /** The value of its Upgrade line. */
  readonly protocol: string;
  readonly headers: ResponseHeaders;
  readonly socket: Socket;
}

/** How an attempt ended, reduced to what a decision needs. A closed union: `judge` must know each kind. */
export type AttemptOutcome =
  | Answered
  | Switched
  /** Nothing of the request was sent. */
  | {
      readonly kind: 'unreachable';
      readonly reason: Extract<FailureReason, 'refused' | 'dns' | 'tls' | 'connect-timeout'>;
    }
  /** This machine is out of descriptors, ports or memory: nothing was sent, which says nothing about the upstream. */
  | { readonly kind: 'shortage' }
  | { readonly kind: 'timed-out' }
  | {
      readonly kind: 'broken';
      readonly reason: Extract<FailureReason, 'reset' | 'cut' | 'bad-http'>;
      /** A kept connection closed before any byte of an answer: the upstream may never have seen the request. */
      readonly stale: boolean;
    }
  /**
   * The upstream closed in the middle of an upload. It may have refused the upload, and a reset can overtake
   * its answer, so the upstream is not blamed: otherwise a client could empty the pool.
   */
  | { readonly kind: 'upload-cut' }
  /** The request's own deadline passed, which says nothing about the upstream. */
  | { readonly kind: 'out-of-time' }
  /** The answer had to be read whole, and there was no memory left for it. */
  | { readonly kind: 'out-of-room' }
  /** The upload failed on the client's side. */
  | { readonly kind: 'upload-failed'; readonly code: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW' }
  /** Cancelled, because another attempt of the same request was enough. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'client-left' };

/** Is notified of what happens in a transmission, which never writes to a client itself. */
export interface TransmissionListener {
  /** An interim answer (1xx). False when there are so many that the answer counts as malformed. */
  onInterim(status: number, raw: readonly Buffer[]): boolean;
  /** Called once, as soon as the answer can be judged, or it is certain that none comes. */
  onEnd(outcome: AttemptOutcome): void;
  /**
   * Called for an answer that streams when it is over, just before its sink is notified; the first call counts. One that
   * breaks off while nobody takes it ends when it gets a sink, or is cancelled.
   */
  onStreamEnd(how: StreamEnd): void;
}

/** How the rest of an answer ended: it is complete, broke off, was silent for too long, or was not wanted. */
export type StreamEnd = 'complete' | 'cut' | 'timeout' | 'cancelled';
