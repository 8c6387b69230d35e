/** Ends the connections of clients that have stopped reading their answers. */

import type { EventEmitter } from 'node:events';
import type { Clock } from '../clock.ts';

const CHECKS_PER_LIMIT = 10;
const LONGEST_INTERVAL_MS = 1_000;

/** A connection, or one HTTP/2 stream, that is written to. */
export interface Writer extends EventEmitter {
  readonly bytesWritten: number;
  /** How many of them have not been handed to the system. */
  readonly writableLength: number;
  /** Whether its end is still to be delivered. */
  readonly awaitsEnd?: boolean;
  resetAndDestroy(): unknown;
}

interface Entry {
  readonly writer: Writer;
  /** Its place in `#entries`. */
  index: number;
  /** The limit when it last began to wait for its client: what is under way ends as it began. */
  limitMs: number;
  /** Bytes that had been handed to the system at the last check. */
  sent: number;
  /** Since when the client reads nothing; undefined while it reads. */
  stalledSinceMs: number | undefined;
}

/**
 * Backpressure bounds the memory that such a client costs, but it would also hold its upstream's connection for ever.
 * One timer checks all connections: nothing is done for a single request.
 */
export class SendTimeout {
  readonly #clock: Clock;
  #limitMs: number;
  /**
   * The first `#count` slots are used; the array never shrinks. Not a Map, which every HTTP/2 answer would change
   * (docs/decisions/0003-garbage.md).
   */
  readonly #entries: (Entry | undefined)[] = [];
  #count = 0;
  #isScheduled = false;

  /** `limitMs`: how long a client may read nothing of what is written to it. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** From now on; for what is being written to a client, when that has been read. */
  setLimit(limitMs: number): void {
    this.#limitMs = limitMs;
  }

  add(writer: Writer): void {
    const limitMs = this.#limitMs;
    const entry: Entry = { writer, index: this.#count, limitMs, sent: 0, stalledSinceMs: undefined };
    this.#entries[this.#count] = entry;
    this.#count += 1;
    writer.once('close', () => this.#remove(entry));
    if (!this.#isScheduled) this.#scheduleCheck();
  }

  #remove(entry: Entry): void {
    this.#count -= 1;
    const last = this.#entries[this.#count];
    if (last) {
      this.#entries[entry.index] = last;
      last.index = entry.index;
    }
    this.#entries[this.#count] = undefined;
  }

  #scheduleCheck(): void {
    this.#isScheduled = true;
    this.#clock.after(Math.min(LONGEST_INTERVAL_MS, this.#limitMs / CHECKS_PER_LIMIT), () => {
      const nowMs = this.#clock.monotonicMs();
      // A copy: a writer that is reset removes itself.
      for (const entry of this.#entries.slice(0, this.#count)) if (entry) this.#check(entry, nowMs);
      this.#isScheduled = false;
      if (this.#count > 0) this.#scheduleCheck();
    });
  }

  #check(entry: Entry, nowMs: number): void {
    const { writer } = entry;
    const waiting = writer.writableLength || (writer.awaitsEnd ? 1 : 0);
    const sent = writer.bytesWritten - waiting;
    if (waiting === 0) entry.limitMs = this.#limitMs;
    if (waiting === 0 || sent !== entry.sent) {
      entry.sent = sent;
      entry.stalledSinceMs = waiting === 0 ? undefined : nowMs;
    } else {
      entry.stalledSinceMs ??= nowMs;
      // Not a graceful end, which would wait for the client and could look like the end of the answer.
      if (nowMs - entry.stalledSinceMs >= entry.limitMs) writer.resetAndDestroy();
    }
  }
}
