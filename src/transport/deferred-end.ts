/** Delays the end of a socket while its reader is paused. */

import type { Socket } from 'node:net';

/** The error that undici gets for a socket that closes before its end was read. */
class ConnectionBroken extends Error {
  constructor(cause: unknown) {
    super('the connection broke off', { cause });
  }
}

/**
 * Keeps the end of a connection from undici while it must not read on. An answer that ends with its connection
 * (`Connection: close`, HTTP/1.0) is finished by undici when the socket ends, is reset, or closes without an error; if
 * that happens while the answer is paused because its client does not read, an assertion fails and the process ends.
 * So a graceful end waits until everything before it was read, and any other end is an error that undici passes on.
 */
export class DeferredEnd {
  readonly #socket: Socket;
  readonly #push: Socket['push'];
  #ended = false;
  #isPaused = false;

  /** `socket` is connected. From now on its end is delayed while the reader is paused. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk !== null) return this.#push(chunk, encoding);
      this.#ended = true;
      this.#pushEnd();
      return false;
    };
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => destroy(isSafe(socket, error) ? error : new ConnectionBroken(error));
    // The reader may have removed its listeners by then.
    socket.on('error', () => {});
  }

  /** The reader reads nothing until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Lets the reader continue by calling `read`, which may `pause` it again. */
  resume(read: () => void): void {
    this.#isPaused = false;
    read();
    if (this.#ended) this.#pushEnd();
  }

  /** Stops delaying: the socket has another reader, which an end at any time does not harm. */
  detach(): void {
    this.#socket.push = this.#push;
    if (this.#ended) this.#push(null);
  }

  readonly #pushEnd = (): void => {
    if (this.#isPaused || this.#socket.destroyed) return;
    // The reader takes what arrived just before the end in this turn of the event loop.
    if (this.#socket.readableLength > 0) setImmediate(this.#pushEnd);
    else this.#push(null);
  };
}

/** Whether undici handles the close correctly: it has read the end, or gets an error that is no reset. */
function isSafe(socket: Socket, error: Error | undefined): boolean {
  return socket.readableEnded || (error !== undefined && !('code' in error && error.code === 'ECONNRESET'));
}
