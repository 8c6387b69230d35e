/** Sends changes of state to clients as server-sent events. */

import type { Clock } from '../clock.ts';
import { isTold } from '../event-sentences.ts';
import type { Event } from '../events.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';
import { STREAM_START, type Streams } from './streams.ts';

/** How much one reader may leave unread before it is cut off: about a thousand events. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Often enough for proxies in between that close idle connections. */
const HEARTBEAT_MS = 15_000;

interface Reader {
  readonly response: OutgoingResponse;
  /** Bytes written since the reader last kept up. */
  unread: number;
}

/** Each reader's memory is bounded: one that does not keep up is cut off and reconnects. Nothing waits for a reader. */
export class EventStreams {
  readonly #clock: Clock;
  readonly #streams: Streams;
  readonly #readers = new Set<Reader>();
  #stopHeartbeat: () => void = () => {};

  constructor(clock: Clock, streams: Streams) {
    this.#clock = clock;
    this.#streams = streams;
  }

  /** How many streams are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Opens a stream. Throws a Refusal when there are too many. */
  open(request: IncomingRequest, response: OutgoingResponse): void {
    if (!this.#streams.open(request, response)) return;
    const reader: Reader = { response, unread: 0 };
    this.#readers.add(reader);
    if (this.#readers.size === 1) this.#scheduleHeartbeat();
    response.on('drain', () => {
      reader.unread = 0;
    });
    response.once('close', () => this.#remove(reader));
    write(reader, Buffer.from(STREAM_START));
  }

  /** To be called with every event. */
  readonly listen = (event: Event): void => {
    if (this.#readers.size === 0 || !isTold(event)) return;
    const time = new Date(this.#clock.wallMs()).toISOString();
    // JSON.stringify writes no line ends, so one line of data holds it.
    this.#sendToAll(`event: ${event.type}\ndata: ${JSON.stringify({ time, ...event })}\n\n`);
  };

  /** Ends all streams gracefully. */
  end(): void {
    for (const reader of this.#readers) {
      this.#remove(reader);
      reader.response.end();
    }
  }

  #sendToAll(text: string): void {
    const bytes = Buffer.from(text);
    for (const reader of this.#readers) write(reader, bytes);
  }

  #remove(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size === 0) this.#stopHeartbeat();
  }

  #scheduleHeartbeat(): void {
    this.#stopHeartbeat = this.#clock.after(HEARTBEAT_MS, () => {
      this.#sendToAll(':\n\n');
      this.#scheduleHeartbeat();
    });
  }
}

function write(reader: Reader, bytes: Buffer): void {
  const keepsUp = reader.response.write(bytes);
  reader.unread = keepsUp ? 0 : reader.unread + bytes.length;
  if (reader.unread > MAX_UNREAD_BYTES) reader.response.destroy();
}
