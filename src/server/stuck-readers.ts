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
  /** Its end waits, too. */
  readonly awaitsEnd?: boolean;
  resetAndDestroy(): unknown;
}

interface Reader {
  readonly writer: Written;
  /** Its place among the readers. */
  index: number;
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
  /**
   * The first `#count` slots are taken; the array never shrinks. No Map: an answer by HTTP/2 is one of them, and
   * changes it (docs/decisions/0003-garbage.md).
   */
  readonly #readers: (Reader | undefined)[] = [];
  #count = 0;
  #looking = false;

  /** `limitMs`: how long a client may take none of what is written to it. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  add(writer: Written): void {
    const reader: Reader = { writer, index: this.#count, sent: 0, stuckSinceMs: undefined };
    this.#readers[this.#count] = reader;
    this.#count += 1;
    writer.once('close', () => this.#remove(reader));
    if (!this.#looking) this.#lookLater();
  }

  #remove(reader: Reader): void {
    this.#count -= 1;
    const last = this.#readers[this.#count];
    if (last) {
      this.#readers[reader.index] = last;
      last.index = reader.index;
    }
    this.#readers[this.#count] = undefined;
  }

  #lookLater(): void {
    this.#looking = true;
    this.#clock.after(Math.min(LONGEST_INTERVAL_MS, this.#limitMs / LOOKS), () => {
      const nowMs = this.#clock.monotonicMs();
      // A copy: those that are reset remove themselves.
      for (const reader of this.#readers.slice(0, this.#count)) if (reader) this.#look(reader, nowMs);
      this.#looking = false;
      if (this.#count > 0) this.#lookLater();
    });
  }

  #look(reader: Reader, nowMs: number): void {
    const { writer } = reader;
    const waiting = writer.writableLength || (writer.awaitsEnd ? 1 : 0);
    const sent = writer.bytesWritten - waiting;
    if (waiting === 0 || sent !== reader.sent) {
      reader.sent = sent;
      reader.stuckSinceMs = waiting === 0 ? undefined : nowMs;
    } else {
      reader.stuckSinceMs ??= nowMs;
      // Not an end in good order, which would wait for the reader and could look like the end of the answer.
      if (nowMs - reader.stuckSinceMs >= this.#limitMs) writer.resetAndDestroy();
    }
  }
}
