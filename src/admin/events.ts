/** Sends changes of state to clients as server-sent events. */

import type { Clock } from '../clock.ts';
import type { Event } from '../events.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';
import { writeRetryAfter } from '../http/retry-after.ts';
import { COMMON_HEADERS } from './answers.ts';
import { Refusal } from './problems.ts';

/** Streams that may be open at the same time. */
const MAX_READERS = 32;
/** How much one reader may leave unread before it is cut off: about a thousand events. */
const MAX_UNREAD_BYTES = 256 * 1024;
/** Often enough for proxies in between that close idle connections. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2_000;
/** When a client may retry that was refused because too many streams were open. */
const RETRY_WHEN_FULL_MS = 10_000;
/** Events of single requests would be more than a person can read, and more than a stream should carry. */
const IS_STREAMED: Readonly<Record<Event['type'], boolean>> = {
  'attempt-finished': false,
  'request-finished': false,
  'tunnel-opened': false,
  'hedge-finished': false,
  'upstream-quarantined': true,
  'upstream-released': true,
  'upstream-down': true,
  'upstream-up': true,
  'upstream-lagging': true,
  'upstream-caught-up': true,
  'upstream-slow': true,
  'upstream-quick': true,
  'chain-undecided': true,
  'limit-learnt': true,
  'limit-shared': true,
  'upstream-added': true,
  'upstream-removed': true,
  'upstream-kept': true,
  'upstream-changed': true,
  'strategy-changed': true,
  'settings-reloaded': true,
  'reload-refused': true,
  'pool-added': true,
  'pool-removed': true,
  'overload-began': true,
  'overload-ended': true,
  shortage: true,
  'name-lost': true,
  'name-found': true,
  'alert-sent': true,
  'alert-failed': true,
  'alert-lost': true,
  'alerts-resumed': true,
};

/** The names of all events that a stream can carry. */
export const STREAMED_TYPES: readonly string[] = Object.entries(IS_STREAMED)
  .filter(([, isStreamed]) => isStreamed)
  .map(([type]) => type);

interface Reader {
  readonly response: OutgoingResponse;
  /** Bytes written since the reader last kept up. */
  unread: number;
}

/** Each reader's memory is bounded: one that does not keep up is cut off and reconnects. Nothing waits for a reader. */
export class EventStreams {
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  #stopHeartbeat: () => void = () => {};

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many streams are open. */
  get readers(): number {
    return this.#readers.size;
  }

  /** Opens a stream. Throws a Refusal when there are too many. */
  open(request: IncomingRequest, response: OutgoingResponse): void {
    if (this.#readers.size >= MAX_READERS)
      throw new Refusal('TOO_MANY_READERS', `allowed: ${MAX_READERS} at a time`, {
        'Retry-After': writeRetryAfter(RETRY_WHEN_FULL_MS, this.#clock.wallMs()),
      });
    response.writeHead(200, { 'Content-Type': 'text/event-stream', ...COMMON_HEADERS });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    const reader: Reader = { response, unread: 0 };
    this.#readers.add(reader);
    if (this.#readers.size === 1) this.#scheduleHeartbeat();
    response.on('drain', () => {
      reader.unread = 0;
    });
    response.once('close', () => this.#remove(reader));
    write(reader, Buffer.from(`retry: ${RECONNECT_MS}\n\n`));
  }

  /** To be called with every event. */
  readonly listen = (event: Event): void => {
    if (this.#readers.size === 0 || !IS_STREAMED[event.type]) return;
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
