/**
 * Bodies and answers up to this size are not counted: what they can come to is bounded by the number of
 * connections, and the way of a small request stays free of it.
 */
export const UNCOUNTED_BYTES = 16 * 1024;

/** The common account of all that is held in memory for requests and answers at one time. */
export class Budget {
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

  /** Counts in bytes that are there, whether there is room or not; negative ones are let go. */
  add(bytes: number): void {
    this.#heldBytes += bytes;
  }
}
