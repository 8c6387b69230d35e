/** Pieces below this are copied together. */
const SMALL_BYTES = 4 * 1024;
const SLAB_BYTES = 16 * 1024;
/** One that is at most this part of the memory that it keeps alive is copied, too. */
const SLICE_OF = 4;

/**
 * A body as it comes in, piece by piece. What is held is about its size, however it was cut: a piece of one byte
 * costs some hundred bytes as a buffer of its own, and may keep alive all that was read from the socket along with
 * it. One that comes as a single piece is not copied.
 */
export class BodyChunks {
  readonly #pieces: Buffer[] = [];
  #size = 0;
  #slab: Buffer | undefined;
  /** Where the bytes of the slab begin that are in no piece yet, and where they end. */
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
      this.#pieces.push(piece.length * SLICE_OF <= piece.buffer.byteLength ? Buffer.from(piece) : piece);
    }
  }

  /** All of it in one piece, which is kept here no longer. Copied, unless it came so. */
  taken(): Buffer {
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
