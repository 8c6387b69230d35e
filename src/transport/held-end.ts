import type { Socket } from 'node:net';

/** Told to undici of a socket that closes before its end was read. */
class BrokenOff extends Error {
  constructor(cause: unknown) {
    super('the connection broke off', { cause });
  }
}

/**
 * Keeps the end of a connection from undici while it must not read on. Where an answer ends with its connection
 * (`Connection: close`, HTTP/1.0), undici finishes it when the socket ends, is reset, or closes without an error; if
 * that happens while the answer is paused, because its client does not read, an assertion fails, and the process
 * ends. So an end in good order waits until all before it was taken, and any other is an error that undici passes on.
 */
export class HeldEnd {
  readonly #socket: Socket;
  readonly #push: Socket['push'];
  #ended = false;
  #isPaused = false;

  /** From now on `socket`, which is connected, gives its reader an end only then. */
  constructor(socket: Socket) {
    this.#socket = socket;
    this.#push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk !== null) return this.#push(chunk, encoding);
      this.#ended = true;
      this.#tell();
      return false;
    };
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => destroy(isTold(socket, error) ? error : new BrokenOff(error));
    // The reader may have let go of the socket by then.
    socket.on('error', () => {});
  }

  /** The reader takes nothing until `resume`. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Has the reader go on by `read`, which may `pause` it again. */
  resume(read: () => void): void {
    this.#isPaused = false;
    read();
    if (this.#ended) this.#tell();
  }

  /** Another reader has the socket, which an end at any time is no harm to. */
  letGo(): void {
    this.#socket.push = this.#push;
    if (this.#ended) this.#push(null);
  }

  readonly #tell = (): void => {
    if (this.#isPaused || this.#socket.destroyed) return;
    // What came just before is taken in this turn.
    if (this.#socket.readableLength > 0) setImmediate(this.#tell);
    else this.#push(null);
  };
}

/** Whether undici makes the right thing of it: an end that it has read, or an error that is no reset. */
function isTold(socket: Socket, error: Error | undefined): boolean {
  return socket.readableEnded || (error !== undefined && !('code' in error && error.code === 'ECONNRESET'));
}
