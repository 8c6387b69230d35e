/**
 * Bodies and answers up to this size are not counted: what they can come to is bounded by the number of
 * connections, and the way of a small request stays free of it.
 */
export const UNCOUNTED_BYTES = 16 * 1024;

/** What the buffers of a piped body come to while its upstream takes nothing. */
export const PIPED_BYTES = 256 * 1024;
/**
 * How often the bytes of an answer count: its pieces stand beside the whole for a while, and what is written, and
 * encrypted, beside what waits to be.
 */
export const ANSWER_WEIGHT = 4;
/** Of all that may be held, what is left for answers, and for bodies that are piped for want of room. */
const RESERVED = 0.5;

/** The common account of all that is held in memory for requests and answers at one time. */
export class BufferLimit {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** In bytes. */
  get held(): number {
    return this.#heldBytes;
  }

  /** How many bytes more may be held; 0 when it is overdrawn. */
  get room(): number {
    return Math.max(0, this.#maxBytes - this.#heldBytes);
  }

  /** How many bytes more of bodies that are kept may be held. */
  get roomForBodies(): number {
    return Math.max(0, this.#maxBytes * (1 - RESERVED) - this.#heldBytes);
  }

  /** Counts in bytes that are there, whether there is room or not; negative ones are let go. */
  add(bytes: number): void {
    this.#heldBytes += bytes;
  }
}
