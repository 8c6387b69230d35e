/** An answer as it is read: its head, and what of its body is held until it can be judged. */
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

  /** The upstream has asked for, or goes on with, a login for the whole connection. */
  get logsIn(): boolean {
    return this.#headers.logsIn;
  }

  /** Bytes that are held. */
  get size(): number {
    return this.#body.size;
  }

  /** Whether the body is to be read whole, up to its `peekBytes`, before anything of it goes out. */
  isPeeked({ method, peekBytes, peeksUnsized, upstream }: Outgoing): boolean {
    const { contentLength } = this.#headers;
    if (method === 'HEAD' || this.status === 204 || this.status === 304) return true;
    // An error is searched for secrets, however it is framed.
    const isSearched = this.status > 299 && !upstream.secrets.areNone;
    // One that is too large for that is judged by its beginning: a page of HTML is no answer, however long.
    if (peeksUnsized) return isSearched || !this.isEventStream;
    return contentLength === undefined ? isSearched : contentLength <= peekBytes;
  }

  /** False when there is no room for more among all that is held. */
  hold(chunk: Buffer, { account }: Outgoing): boolean {
    this.#body.add(chunk);
    return account.holdPiece(chunk.length * ANSWER_WEIGHT, this.#body.size * ANSWER_WEIGHT);
  }

  /** What is there; `stream` brings the rest. */
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
