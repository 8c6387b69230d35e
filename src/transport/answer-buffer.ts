/** An answer while it is read: its head, and as much of its body as is held until it can be judged. */

import { BodyChunks } from '../http/body-chunks.ts';
import type { ResponseHeaders } from '../http/response-headers.ts';
import { ANSWER_WEIGHT } from './buffer-limit.ts';
import type { Answered, ResponseStream } from './outcome.ts';
import type { Outgoing } from './outgoing.ts';

const EVENT_STREAM = /^text\/event-stream\b/i;

export class AnswerBuffer {
  readonly status: number;
  readonly #reasonPhrase: string;
  readonly #headers: ResponseHeaders;
  readonly #body = new BodyChunks();

  constructor(status: number, reasonPhrase: string, headers: ResponseHeaders) {
    this.status = status;
    this.#reasonPhrase = reasonPhrase;
    this.#headers = headers;
  }

  get isEventStream(): boolean {
    return EVENT_STREAM.test(this.#headers.contentType);
  }

  /** The upstream asks for, or continues, a login that applies to the whole connection. */
  get logsIn(): boolean {
    return this.#headers.logsIn;
  }

  /** How many bytes of the body are held. */
  get size(): number {
    return this.#body.size;
  }

  /** Whether the body is read whole, up to `bufferUpToBytes`, before any of it is passed on. */
  isBuffered({ method, bufferUpToBytes, buffersUnsized, upstream }: Outgoing): boolean {
    const { contentLength } = this.#headers;
    if (method === 'HEAD' || this.status === 204 || this.status === 304) return true;
    // An error is searched for secrets, however it is framed.
    const isSearched = this.status > 299 && !upstream.secrets.areNone;
    // A body above the limit is judged by its beginning: a page of HTML is no answer, however long.
    if (buffersUnsized) return isSearched || !this.isEventStream;
    return contentLength === undefined ? isSearched : contentLength <= bufferUpToBytes;
  }

  /** Adds a chunk to what is held. False when there was no room for it in memory. */
  hold(chunk: Buffer, { account }: Outgoing): boolean {
    this.#body.add(chunk);
    return account.holdPiece(chunk.length * ANSWER_WEIGHT, this.#body.size * ANSWER_WEIGHT);
  }

  /** The answer with the body read so far; `stream` brings the rest. */
  answered(stream: ResponseStream | undefined): Answered {
    return {
      kind: 'answered',
      status: this.status,
      reasonPhrase: this.#reasonPhrase,
      headers: this.#headers,
      body: this.#body.take(),
      stream,
    };
  }
}
