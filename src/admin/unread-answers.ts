/** Bounds the memory of large answers whose clients don't read them. */

import type { OutgoingResponse } from '../http/messages.ts';
import type { Answer } from './answers.ts';

/** All of them together, in bytes; a piece that several answers share counts once. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024;

/** Those that have waited longest end when there are too many: a client that reads is soon done. */
export class UnreadAnswers {
  readonly #maxBytes: number;
  /** In the order in which they were sent. */
  readonly #pieces = new Map<OutgoingResponse, readonly Buffer[]>();

  constructor(maxBytes = MAX_UNREAD_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** To be called with each answer that was sent. Small ones are not counted. */
  add(response: OutgoingResponse, { body }: Answer): void {
    // It will not close any more.
    if (!response.socket || response.socket.destroyed) return;
    if (typeof body === 'string' || response.writableFinished) return;
    this.#pieces.set(response, body);
    response.once('close', () => this.#pieces.delete(response));
    for (const oldest of this.#pieces.keys()) {
      if (oldest === response || this.#bytes() <= this.#maxBytes) return;
      this.#pieces.delete(oldest);
      oldest.destroy();
    }
  }

  #bytes(): number {
    let bytes = 0;
    for (const { length } of new Set([...this.#pieces.values()].flat())) bytes += length;
    return bytes;
  }
}
