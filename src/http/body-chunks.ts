/** A body as it arrives, piece by piece. */

/** Pieces below this are copied together. */
const SMALL_BYTES = 4 * 1024;
const SLAB_BYTES = 16 * 1024;
/** A piece that is at most this fraction of the memory it keeps alive is also copied. */
const SLICE_FRACTION = 4;

/**
 * The memory held is about the body's size, however it was cut: a piece of one byte costs about a hundred bytes as a
 * buffer of its own, and may keep alive everything that was read from the socket along with it. A body that arrives
 * as a single piece is not copied.
 */
export class BodyChunks {
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #slab: Buffer | undefined;
  /** Start and end of the slab's bytes that are not in a piece yet. */
  #from = 0;
  #to = 0;

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  add(piece: Buffer): void {
    this.#size += piece.length;
    if (this.#size === piece.length) this.#pieces.push(piece);
    else if (piece.length < SMALL_BYTES) this.#copy(piece);
    else {
      this.#closeRun();
      this.#pieces.push(
        piece.length * SLICE_FRACTION <= piece.buffer.byteLength ? Buffer.from(piece) : piece,
      );
    }
  }

  /** Returns the whole body as one buffer and forgets it. Copied, unless it arrived as one piece. */
  take(): Buffer {
    this.#closeRun();
    const [only] = this.#pieces;
    const whole = this.#pieces.length === 1 && only ? only : Buffer.concat(this.#pieces, this.#size);
    this.#pieces.length = 0;
    this.#slab = undefined;
    this.#size = 0;
    return whole;
  }

  #copy(piece: Buffer): void {
    if (!this.#slab || this.#to + piece.length > SLAB_BYTES) {
      this.#closeRun();
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
      this.#from = 0;
      this.#to = 0;
    }
    piece.copy(this.#slab, this.#to);
    this.#to += piece.length;
  }

  /** The small pieces since the last large one become one. */
  #closeRun(): void {
    if (!this.#slab || this.#to === this.#from) return;
    this.#pieces.push(this.#slab.subarray(this.#from, this.#to));
    this.#from = this.#to;
  }
}
