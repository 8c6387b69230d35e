import type { EventEmitter } from 'node:events';
import type { Clock } from '../clock.ts';

/** How often it looks, in parts of the limit. */
const LOOKS = 10;
const LONGEST_INTERVAL_MS = 1_000;

/** A connection, or one stream of it. */
export interface Written extends EventEmitter {
  readonly bytesWritten: number;
  /** How much of that has not been handed to the system. */
  readonly writableLength: number;
  resetAndDestroy(): unknown;
}

interface Reader {
  /** What had been handed to the system at the last look. */
  sent: number;
  /** Since when it takes nothing; undefined while it does. */
  stuckSinceMs: number | undefined;
}

/**
 * Ends the connections of clients that have stopped to read their answers. Backpressure bounds the memory that
 * each of them costs; without an end it would hold its upstream's connection for ever, too. One timer looks at
 * all connections: nothing is done for a single request.
 */
export class StuckReaders {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #readers = new Map<Written, Reader>();
  #looking = false;

  /** `limitMs`: how long a client may take none of what is written to it. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  add(socket: Written): void {
    this.#readers.set(socket, { sent: 0, stuckSinceMs: undefined });
    socket.once('close', () => this.#readers.delete(socket));
    if (!this.#looking) this.#lookLater();
  }

  #lookLater(): void {
    this.#looking = true;
    this.#clock.after(Math.min(LONGEST_INTERVAL_MS, this.#limitMs / LOOKS), () => {
      const nowMs = this.#clock.monotonicMs();
      for (const [socket, reader] of this.#readers) this.#look(socket, reader, nowMs);
      this.#looking = false;
      if (this.#readers.size > 0) this.#lookLater();
    });
  }

  #look(socket: Written, reader: Reader, nowMs: number): void {
    const waiting = socket.writableLength;
    const sent = socket.bytesWritten - waiting;
    if (waiting === 0 || sent !== reader.sent) {
      reader.sent = sent;
      reader.stuckSinceMs = waiting === 0 ? undefined : nowMs;
    } else {
      reader.stuckSinceMs ??= nowMs;
      // Not an end in good order, which would wait for the reader and could look like the end of the answer.
      if (nowMs - reader.stuckSinceMs >= this.#limitMs) socket.resetAndDestroy();
    }
  }
}
