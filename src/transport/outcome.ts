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
  /** The body broke off; with `timeout` it was silent for too long. */
  fail(reason: FailureReason): void;
}

/** An answer's body that was not read whole. It stands still until it flows or is cancelled. */
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
  /** The whole body, or what came of it before it began to stream. */
  readonly body: Buffer;
  readonly stream: ResponseStream | undefined;
}

/** The upstream has changed the protocol: the connection is a tunnel's from now on. */
export interface Switched {
  readonly kind: 'switched';
  /** The value of its Upgrade line. */
  readonly protocol: string;
  readonly headers: ResponseHeaders;
  readonly socket: Socket;
}

/** How an attempt ended, reduced to what a decision needs. Closed: `judge` must know each kind. */
export type AttemptOutcome =
  | Answered
  | Switched
  /** Nothing of the request was sent. */
  | {
      readonly kind: 'unreachable';
      readonly reason: Extract<FailureReason, 'refused' | 'dns' | 'tls' | 'connect-timeout'>;
    }
  /** This machine is short of descriptors, ports or memory: nothing was sent, and it says nothing of the upstream. */
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
   * what it said, so nobody is blamed: else a client could empty the pool.
   */
  | { readonly kind: 'upload-cut' }
  /** The request's own time ran out; it says nothing about the upstream. */
  | { readonly kind: 'out-of-time' }
  /** The answer had to be read whole, and there was no room for it among all that is held. */
  | { readonly kind: 'out-of-room' }
  /** The upload failed on the client's side. */
  | { readonly kind: 'upload-failed'; readonly code: 'BODY_TOO_LARGE' | 'CLIENT_TOO_SLOW' }
  /** Another attempt of the same request was enough, and this one was cancelled. */
  | { readonly kind: 'superseded' }
  | { readonly kind: 'client-left' };

/** What is told of a transmission. It never writes to a client itself. */
export interface TransmissionListener {
  /** An interim answer (1xx). False when there are so many that it is no answer any more. */
  onInterim(status: number, raw: readonly Buffer[]): boolean;
  /** Called once, as soon as enough of the answer is there to judge it, or it is certain that none comes. */
  onEnd(outcome: AttemptOutcome): void;
  /**
   * Called once for an answer that streams, when it is over; just before its sink is told. Of one that broke off before
   * it had a sink, when it gets one, or is cancelled.
   */
  onStreamEnd(how: StreamEnd): void;
}

/** How the rest of an answer came: all of it, or it broke off, fell silent for too long, or was not wanted. */
export type StreamEnd = 'complete' | 'cut' | 'timeout' | 'cancelled';
