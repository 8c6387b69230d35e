/** Lets a socket be read to its end after a write to it has failed. */

import type { Socket } from 'node:net';

type Written = (error?: Error | null) => void;

/**
 * Defers the error of a failed write. An upstream that refuses an upload answers and closes; the bytes it left unread
 * make its system reset the connection, and the next write fails. The answer has arrived by then and can still be read
 * (docs/decisions/0007), but Node destroys a socket when a write fails. So the write appears to last until what has
 * arrived is read to its end, which is near because the connection is closed.
 */
export class DeferredWriteError {
  readonly #socket: Socket;
  /** The callback of the write under way: a stream makes one at a time. */
  #written: Written | undefined;
  #happened = false;

  /** `socket` is connected. From now on the errors of writes to it are deferred. */
  constructor(socket: Socket) {
    this.#socket = socket;
    // The methods that a Writable calls. All writes share one callback, so that none allocates its own.
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

  /** A write has failed: some of what was written was not sent, and never will be. */
  get happened(): boolean {
    return this.#happened;
  }

  readonly #onWritten: Written = (error) => {
    // A write still under way when the socket is destroyed is reported as done, without an error.
    if (error || this.#socket.destroyed) this.#fail(error);
    else this.#written?.();
  };

  #fail(error: Error | null | undefined): void {
    this.#happened = true;
    const code = error && 'code' in error ? error.code : undefined;
    // EPIPE: the upstream had ended its side gracefully before the reset, so the end that follows is a real one.
    if (code === 'EPIPE') return;
    if (error && code === 'ECONNRESET') {
      // The system reports a reset once, so the reader sees what looks like a graceful end after the last byte, and a
      // body without a length would pass for complete. Hence this listener, which comes before undici's.
      this.#socket.prependOnceListener('end', () => this.#socket.destroy(error));
    } else this.#written?.(error);
  }
}
