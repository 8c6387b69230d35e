/** What one request, and its answer, hold of the memory that all share. */
import { ANSWER_WEIGHT, type BufferLimit, UNCOUNTED_BYTES } from './buffer-limit.ts';

export class BufferAccount {
  /** Its client asks for so much at once, on one connection, that it is the first to go without when memory is short. */
  readonly isGreedy: boolean;
  readonly #limit: BufferLimit;
  #heldBytes = 0;
  #closed = false;

  constructor(limit: BufferLimit, isGreedy = false) {
    this.#limit = limit;
    this.isGreedy = isGreedy;
  }

  /** How many bytes more may be held, for whichever request. */
  get room(): number {
    return this.#limit.room;
  }

  /** The same of a request's body that is kept. */
  get roomForBodies(): number {
    return this.#limit.roomForBodies;
  }

  /** Counts in bytes that are held until the answer is out. */
  hold(bytes: number): void {
    if (this.#closed) return;
    this.#heldBytes += bytes;
    this.#limit.add(bytes);
  }

  /** Counts in a piece with which something has grown to `size` bytes. False when there was no `room` for it. */
  holdPiece(bytes: number, size: number, room = this.room): boolean {
    if (size <= UNCOUNTED_BYTES) return true;
    const counted = size - bytes <= UNCOUNTED_BYTES ? size : bytes;
    this.hold(counted);
    return counted <= room;
  }

  /** No more than these bytes are still held; as many as before when that is not said. */
  holdOnly(bytes = this.#heldBytes): void {
    if (bytes !== this.#heldBytes) this.hold(bytes - this.#heldBytes);
  }

  /** Nothing is held any more but this much of an answer that is written. */
  holdOnlyAnswer(bytes: number): void {
    const counted = bytes * ANSWER_WEIGHT;
    this.holdOnly(counted > UNCOUNTED_BYTES ? counted : 0);
  }

  /** Nothing is held any more, nor will be. */
  close(): void {
    this.holdOnly(0);
    this.#closed = true;
  }
}
