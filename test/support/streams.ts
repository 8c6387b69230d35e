import { once } from 'node:events';
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
    while (this.written < bytes && !socket.destroyed) {
      const data = Buffer.alloc(Math.min(65_536, bytes - this.written), 'b');
      const head = framing === 'chunked' ? `${data.length.toString(16)}\r\n` : '';
      const tail = framing === 'chunked' ? '\r\n' : '';
      this.written += data.length;
      if (!socket.write(Buffer.concat([Buffer.from(head), data, Buffer.from(tail)]))) {
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => {});
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
