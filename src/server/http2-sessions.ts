/** The open HTTP/2 connections: closed when idle for too long, and drained without losing an answer. */

import type { Http2Session } from 'node:http2';
import type { Clock } from '../clock.ts';
import type { Http2Response } from './http2-messages.ts';
import type { SendTimeout } from './send-timeout.ts';

/** How long a client may take to close its side of a connection that is over. */
const CLOSE_TIMEOUT_MS = 1_000;

interface OpenSession {
  /** Streams that are not over. */
  open: number;
  /** Ends the connection at once. */
  readonly reset: () => void;
}

export class Http2Sessions {
  readonly #sessions = new Map<Http2Session, OpenSession>();
  #idleMs: number;
  readonly #clock: Clock;
  readonly #sendTimeout: SendTimeout;
  #draining = false;

  constructor(idleMs: number, clock: Clock, sendTimeout: SendTimeout) {
    this.#sendTimeout = sendTimeout;
    this.#idleMs = idleMs;
    this.#clock = clock;
  }

  /** From the next request of each connection on. */
  setIdleTime(idleMs: number): void {
    this.#idleMs = idleMs;
  }

  get size(): number {
    return this.#sessions.size;
  }

  add(session: Http2Session): void {
    // The session's socket is a proxy object, which is gone when the session is.
    const { resetAndDestroy } = session.socket;
    const entry: OpenSession = { open: 0, reset: () => void resetAndDestroy() };
    this.#sessions.set(session, entry);
    session.once('close', () => this.#sessions.delete(session));
    session.setTimeout(this.#idleMs, () => {
      if (entry.open === 0) this.#close(session, entry);
    });
    // Its handshake ended only after the drain had begun.
    if (this.#draining) this.#close(session, entry);
  }

  /** Counts a request as open. False when its client is already gone: it needs no answer. */
  addRequest(response: Http2Response): boolean {
    const { stream } = response;
    const { session } = stream;
    const entry = session && this.#sessions.get(session);
    if (!entry || stream.destroyed || stream.closed) return false;
    entry.open += 1;
    response.siblings = entry.open;
    response.once('unread', () => this.#sendTimeout.add(response));
    stream.once('close', () => {
      entry.open -= 1;
      if (entry.open > 0) return;
      if (session.closed) this.#close(session, entry);
      // The idle time starts again: it may have run out while the stream was still counted.
      else session.setTimeout(this.#idleMs);
    });
    return true;
  }

  /** Accepts no more requests (GOAWAY); each connection ends with its last answer. */
  drain(): void {
    this.#draining = true;
    for (const [session, entry] of this.#sessions) {
      if (entry.open === 0) this.#close(session, entry);
      else session.close();
    }
  }

  /** Ends every connection at once. */
  resetAll(): void {
    for (const { reset } of this.#sessions.values()) reset();
  }

  /** Node sends GOAWAY and waits for the client to close, which may never happen. */
  #close(session: Http2Session, { reset }: OpenSession): void {
    const stopTimer = this.#clock.after(CLOSE_TIMEOUT_MS, reset);
    session.once('close', stopTimer);
    session.close();
  }
}
