import type { Socket } from 'node:net';
import type { Message } from './http-message.ts';

let serial = 0;

/** One request as it arrived, byte for byte, also when it never became whole. */
export class RecordedRequest {
  readonly message: Message;
  /** Counts the upstream's connections, from 1. */
  readonly connection: number;
  /** Counts the requests of all upstreams of this process: who was asked first. */
  readonly serial = ++serial;
  /** Resolves when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>;
  isClosed = false;

  constructor(message: Message, connection: number, socket: Socket) {
    this.message = message;
    this.connection = connection;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        resolve();
      });
    });
  }

  get method(): string {
    return this.message.startLine.split(' ')[0] ?? '';
  }

  get target(): string {
    return this.message.startLine.split(' ')[1] ?? '';
  }

  get headerLines(): readonly string[] {
    return this.message.headerLines;
  }

  get body(): Buffer {
    return this.message.body;
  }

  get complete(): boolean {
    return this.message.complete;
  }

  headers(name: string): string[] {
    return this.message.headers(name);
  }

  header(name: string): string | undefined {
    return this.message.header(name);
  }
}
