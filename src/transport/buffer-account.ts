/** How much of the memory that all requests share is held by one request and its answer. */

import { ANSWER_WEIGHT, type BufferLimit, UNCOUNTED_BYTES } from './buffer-limit.ts';

export class BufferAccount {
  /** Its client has so many requests under way on one connection that this one is refused first when memory is short. */
  readonly isGreedy: boolean;
  readonly #limit: BufferLimit;
  #heldBytes = 0;
  #closed = false;

  constructor(limit: BufferLimit, isGreedy = false) {
    this.#limit = limit;
    this.isGreedy = isGreedy;
  }

  /** How many more bytes may be held, for any request. */
  get room(): number {
    return this.#limit.room;
  }

  /** How many more bytes of request bodies may be held, for any request. */
  get roomForBodies(): number {
    return this.#limit.roomForBodies;
  }

  /** Counts bytes that are held until the answer is out. */
  hold(bytes: number): void {
    if (this.#closed) return;
    this.#heldBytes += bytes;
    this.#limit.add(bytes);
  }

  /** Counts a piece with which something has grown to `size` bytes. False when there was no `room` for it. */
  holdPiece(bytes: number, size: number, room = this.room): boolean {
    if (size <= UNCOUNTED_BYTES) return true;
    const counted = size - bytes <= UNCOUNTED_BYTES ? size : bytes;
    this.hold(counted);
    return counted <= room;
  }

  /** Sets how many bytes are held in total; without an argument nothing changes. */
  setHeld(bytes = this.#heldBytes): void {
    if (bytes !== this.#heldBytes) this.hold(bytes - this.#heldBytes);
  }

  /** Only `bytes` of an answer that is being written are still held. */
  setHeldAnswer(bytes: number): void {
    const counted = bytes * ANSWER_WEIGHT;
    this.setHeld(counted > UNCOUNTED_BYTES ? counted : 0);
  }

  /** Nothing is held any more, and nothing will be counted from now on. */
  close(): void {
    this.setHeld(0);
    this.#closed = true;
  }
}
