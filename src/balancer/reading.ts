import type { Exchange } from './exchange.ts';
import type { Answered, ResponseStream } from './outcome.ts';
import type { ResponseHeaders } from './response-headers.ts';

const EVENT_STREAM = /^text\/event-stream\b/i;

/** An answer as it is read: its head, and what of its body is held until it can be judged. */
export class Reading {
  readonly status: number;
  readonly #reasonPhrase: string;
  readonly #headers: ResponseHeaders;
  readonly #chunks: Buffer[] = [];
  #size = 0;

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
    return this.#size;
  }

  /** Whether the body is to be read whole, up to `peekBytes`, before anything of it goes out. */
  isPeeked({ request, rpc }: Exchange, peekBytes: number): boolean {
    const { contentLength } = this.#headers;
    if (request.method === 'HEAD' || this.status === 204 || this.status === 304) return true;
    // One that is too large for that is judged by its beginning: a page of HTML is no answer, however long.
    if (rpc) return !this.isEventStream;
    return contentLength !== undefined && contentLength <= peekBytes;
  }

  hold(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
  }

  /** What is there; `stream` brings the rest. */
  answered(stream: ResponseStream | undefined): Answered {
    const [only] = this.#chunks;
    return {
      kind: 'answered',
      status: this.status,
      reasonPhrase: this.#reasonPhrase,
      headers: this.#headers,
      body: this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks, this.#size),
      stream,
    };
  }
}
