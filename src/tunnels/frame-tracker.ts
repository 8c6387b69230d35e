/** Tracks where WebSocket frames end in a stream of bytes (RFC 6455, 5.2). */

export class FrameTracker {
  /** How many bytes of the current frame's header were read, and how many it has. */
  #seen = 0;
  #headerSize = 2;
  #lengthBytes = 0;
  #payloadLeft = 0;

  /** All frames that have begun have also ended. */
  get isAtBoundary(): boolean {
    return this.#seen === 0;
  }

  /** Reads a whole chunk. */
  read(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) at = this.readToBoundary(chunk, at);
  }

  /** Reads from `from` to the next end of a frame, or to the end of the chunk. Returns the offset reached. */
  readToBoundary(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length && this.#seen < this.#headerSize) {
      this.#readHeader(chunk[at] ?? 0);
      at += 1;
    }
    if (this.#seen < this.#headerSize) return at;
    const taken = Math.min(this.#payloadLeft, chunk.length - at);
    this.#payloadLeft -= taken;
    if (this.#payloadLeft === 0) {
      this.#seen = 0;
      this.#headerSize = 2;
    }
    return at + taken;
  }

  #readHeader(byte: number): void {
    if (this.#seen === 1) {
      const length = byte & 0x7f;
      this.#lengthBytes = length === 127 ? 8 : length === 126 ? 2 : 0;
      this.#payloadLeft = this.#lengthBytes > 0 ? 0 : length;
      this.#headerSize = 2 + this.#lengthBytes + (byte & 0x80 ? 4 : 0);
    } else if (this.#seen >= 2 && this.#seen < 2 + this.#lengthBytes) {
      this.#payloadLeft = this.#payloadLeft * 256 + byte;
    }
    this.#seen += 1;
  }
}
