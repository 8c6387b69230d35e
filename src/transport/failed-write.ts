import type { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * Lets a socket be read to its end after a write to it has failed. An upstream that refuses an upload answers and
 * closes; what it leaves unread makes its system reset the connection, and the next write fails. The answer
 * has come in by then and can still be read (docs/decisions/0007), but Node destroys a socket at a failed
 * write. So the failure is held back: the write seems to last until what came in is read to its end, which is
 * near, for the connection is closed.
 */
export class FailedWrite {
  readonly #socket: Socket;
  /** Ends the write that is under way: a stream makes one at a time. */
  #written: Written | undefined;
  #happened = false;

  /** From now on failures of writes to `socket`, which is connected, are held back. */
  constructor(socket: Socket) {
    this.#socket = socket;
    // What a Writable calls. Each write is given the same function, so that none is made for it.
    const write = socket._write.bind(socket);
    socket._write = (chunk, encoding, written) => {
      this.#written = written;
      write(chunk, encoding, this.#onWritten);
    };
    const writev = socket._writev?.bind(socket);
    if (!writev) return;
    socket._writev = (chunks, written) => {
      this.#written = written;
      writev(chunks, this.#onWritten);
    };
  }

  /** Not all that was written has gone out, and it never will. */
  get happened(): boolean {
    return this.#happened;
  }

  readonly #onWritten: Written = (error) => {
    // A write that is still under way when the socket is destroyed is said to be over, without an error.
    if (error || this.#socket.destroyed) this.#fail(error);
    else this.#written?.();
  };

  #fail(error: Error | null | undefined): void {
    this.#happened = true;
    const code = error && 'code' in error ? error.code : undefined;
    // EPIPE: the upstream had ended its side in good order before the reset, so that the end will be a true one.
    if (code === 'EPIPE') return;
    if (error && code === 'ECONNRESET') {
      // The system tells of a reset once. What the reader finds behind the last byte looks like an end in good
      // order: a body without a length would pass for complete, unless this comes before undici's listener.
      this.#socket.prependOnceListener('end', () => this.#socket.destroy(error));
    } else this.#written?.(error);
  }
}
