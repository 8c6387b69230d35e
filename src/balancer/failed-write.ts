import type { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * Lets a socket be read to its end after a write to it has failed. An upstream that refuses an upload answers and
 * closes; what it leaves unread makes its system reset the connection, and the next write fails. The answer
 * has come in by then and can still be read, but Node destroys a socket at a failed write. So that failure is
 * held back: the write seems to last until the end of what came in is reached, which comes soon, for the
 * connection is closed.
 *
 * HAProxy does the same with its "pending error", which counts when nothing is left to be read.
 */
export class FailedWrite {
  readonly #socket: Socket;
  /** Of the write that is under way: a stream makes one at a time. */
  #written: Written | undefined;
  #happened = false;

  /** From now on failures of writes to `socket`, which is connected, are held back. */
  constructor(socket: Socket) {
    this.#socket = socket;
    // What a Writable calls, one at a time. Each write gets the same function, so that none is made for it.
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
    this.#happened ||= Boolean(error);
    const code = error && 'code' in error ? error.code : undefined;
    if (error && (code === 'ECONNRESET' || code === 'EPIPE')) this.#hold(error, code);
    else this.#written?.(error);
  };

  #hold(error: Error, code: string): void {
    // EPIPE: the upstream had ended its side in good order before it reset the connection. Else what follows the
    // last byte only looks like an end, for the system has reported the reset to the write.
    if (code === 'EPIPE') return;
    // Before undici's listener, which would take a body without a length for complete.
    this.#socket.prependOnceListener('end', () => this.#socket.destroy(error));
  }
}
