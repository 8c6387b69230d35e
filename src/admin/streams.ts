/** The streams of server-sent events that are open, of every kind together. */

import type { Clock } from '../clock.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';
import { writeRetryAfter } from '../http/retry-after.ts';
import { COMMON_HEADERS } from './answers.ts';
import { Refusal } from './problems.ts';

/** Streams that may be open at the same time. */
const MAX_READERS = 32;
/** When a client may retry that was refused because too many streams were open. */
const RETRY_WHEN_FULL_MS = 10_000;
const RECONNECT_MS = 2_000;
/** Proxies must not collect what comes bit by bit; nginx reads the second line. */
const STREAM_HEADERS = {
  'Content-Type': 'text/event-stream',
  'X-Accel-Buffering': 'no',
  ...COMMON_HEADERS,
} as const;

/** What a new stream begins with: when a reader that was cut off connects anew. */
export const STREAM_START = `retry: ${RECONNECT_MS}\n\n`;

export class Streams {
  readonly #clock: Clock;
  #open = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Opens a stream; false for HEAD, which is answered and gets none. Throws a Refusal when there are too many. */
  open(request: IncomingRequest, response: OutgoingResponse): boolean {
    if (this.#open >= MAX_READERS)
      throw new Refusal('TOO_MANY_READERS', `allowed: ${MAX_READERS} at a time`, {
        'Retry-After': writeRetryAfter(RETRY_WHEN_FULL_MS, this.#clock.wallMs()),
      });
    response.writeHead(200, STREAM_HEADERS);
    if (request.method === 'HEAD') {
      response.end();
      return false;
    }
    this.#open += 1;
    response.once('close', () => {
      this.#open -= 1;
    });
    return true;
  }
}
