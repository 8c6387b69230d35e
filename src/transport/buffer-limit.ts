/** The limit on the memory that all requests and answers may hold at one time. */

/**
 * Bodies and answers up to this size are not counted: the number of connections bounds their sum, and small requests
 * are spared the bookkeeping.
 */
export const UNCOUNTED_BYTES = 16 * 1024;

/** The size of all buffers of a piped body while its upstream takes nothing. */
export const PIPED_BYTES = 256 * 1024;
/**
 * How many times the bytes of an answer count: its pieces exist beside the joined copy for a while, and what is
 * written, and encrypted, exists beside what waits to be.
 */
export const ANSWER_WEIGHT = 4;
/** The part of the limit that is kept for answers, and for bodies that are piped because there is no room to keep them. */
const RESERVED = 0.5;

export class BufferLimit {
  #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What is held beyond it stays held. */
  setLimit(maxBytes: number): void {
    this.#maxBytes = maxBytes;
  }

  /** In bytes. */
  get held(): number {
    return this.#heldBytes;
  }

  /** How many more bytes may be held; 0 when the limit is exceeded. */
  get room(): number {
    return Math.max(0, this.#maxBytes - this.#heldBytes);
  }

  /** How many more bytes of kept request bodies may be held. */
  get roomForBodies(): number {
    return Math.max(0, this.#maxBytes * (1 - RESERVED) - this.#heldBytes);
  }

  /** Counts bytes that are held, whether there is room or not; a negative number releases them. */
  add(bytes: number): void {
    this.#heldBytes += bytes;
  }
}
