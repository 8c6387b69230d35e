import type { Socket } from 'node:net';
import type { Behaviour } from './behaviours.ts';
import { until } from './waiting.ts';

/** Answers that take their time: bodies too large to keep, and events pushed by the test. */

/** A body of so many bytes, written as the reader takes them. `written` tells how many were handed over. */
export class BigBody {
  written = 0;
  readonly behaviour: Behaviour;

  constructor(bytes: number, framing: 'length' | 'chunked' = 'length') {
    this.behaviour = { at: 'body', run: (socket) => void this.#send(socket, bytes, framing) };
  }

  async #send(socket: Socket, bytes: number, framing: 'length' | 'chunked'): Promise<void> {
    const frame = framing === 'length' ? `Content-Length: ${bytes}` : 'Transfer-Encoding: chunked';
    socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n${frame}\r\n\r\n`);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const piece = Buffer.alloc(65_536, 'b');
    while (this.written < bytes && !socket.destroyed) {
      const data = piece.subarray(0, Math.min(piece.length, bytes - this.written));
      const head = framing === 'chunked' ? `${data.length.toString(16)}\r\n` : '';
      const tail = framing === 'chunked' ? '\r\n' : '';
      this.written += data.length;
      socket.write(head);
      socket.write(data);
      if (!socket.write(tail)) {
        // One listener for each pause, gone with it: there are thousands.
        const drained = new Promise<void>((resolve) => socket.once('drain', resolve));
        await Promise.race([drained, closed]);
      }
    }
    if (framing === 'chunked' && !socket.destroyed) socket.write('0\r\n\r\n');
  }
}

/** Server-sent events that the test pushes one by one. */
export class EventStream {
  #socket: Socket | undefined;
  readonly behaviour: Behaviour = {
    at: 'body',
    run: (socket) => {
      this.#socket = socket;
      socket.write(
        'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n',
      );
    },
  };

  async push(data: string): Promise<void> {
    const event = `data: ${data}\n\n`;
    (await this.#opened()).write(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
  }

  async end(): Promise<void> {
    (await this.#opened()).write('0\r\n\r\n');
  }

  #opened(): Promise<Socket> {
    return until(() => this.#socket, 'a reader of the event stream');
  }
}
