/**
 * Reads HTTP/1.1 messages from bytes (RFC 9112), strictly: what a lenient parser forgives is an error
 * here. Used on both ends of the daemon, so that a fault in its framing can't hide behind tolerance.
 */

/** How a body ends: none at all, after so many bytes, at the last chunk, or with the connection. */
export type Framing = 'none' | 'chunked' | 'until-close' | number;

export class Message {
  readonly startLine: string;
  /** As received, in order, one character for each byte. */
  readonly headerLines: readonly string[];
  readonly chunks: Buffer[] = [];
  /** Everything that the framing promised has arrived. */
  complete = false;

  constructor(startLine: string, headerLines: readonly string[]) {
    this.startLine = startLine;
    this.headerLines = headerLines;
  }

  get body(): Buffer {
    return Buffer.concat(this.chunks);
  }

  get text(): string {
    return this.body.toString();
  }

  /** The values of all lines of that name, in order. */
  headers(name: string): string[] {
    const wanted = name.toLowerCase();
    return this.headerLines.flatMap((line) => {
      const colon = line.indexOf(':');
      return line.slice(0, colon).toLowerCase() === wanted ? [line.slice(colon + 1).trim()] : [];
    });
  }

  /** The value of the only line of that name; undefined when there is none. Throws when there are several. */
  header(name: string): string | undefined {
    const values = this.headers(name);
    if (values.length > 1) throw new Error(`${values.length} lines of ${name}`);
    return values[0];
  }
}

/** What the message itself says about its body. Throws when it says two things, or something unknown. */
export function declaredFraming(message: Message): Framing | undefined {
  const coding = message.header('transfer-encoding');
  const length = message.header('content-length');
  if (coding !== undefined && length !== undefined)
    throw new Error('Content-Length beside Transfer-Encoding');
  if (coding !== undefined) {
    if (coding.toLowerCase() !== 'chunked') throw new Error(`Transfer-Encoding: ${coding}`);
    return 'chunked';
  }
  if (length === undefined) return undefined;
  if (!/^\d+$/.test(length)) throw new Error(`Content-Length: ${length}`);
  return Number(length);
}

export interface MessageListener {
  /** The header section was read. */
  head?(message: Message): void;
  /** The whole message was read. */
  end?(message: Message): void;
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'trailers' | 'until-close';

/** Turns the bytes of one connection into messages. `push` throws at the first byte that is no HTTP. */
export class MessageReader {
  readonly #framingOf: (message: Message) => Framing;
  readonly #listener: MessageListener;
  #pending: Buffer = Buffer.alloc(0);
  #state: State = 'head';
  #remaining = 0;
  #message: Message | undefined;

  constructor(framingOf: (message: Message) => Framing, listener: MessageListener) {
    this.#framingOf = framingOf;
    this.#listener = listener;
  }

  /** The message that has begun and not ended. */
  get current(): Message | undefined {
    return this.#message;
  }

  /** Bytes that belong to no message yet. */
  get unread(): Buffer {
    return this.#pending;
  }

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#step()) {
      // Each step takes one element; the loop ends when the next one is not whole yet.
    }
  }

  /** The connection was ended in good order: that is how a body without a length ends. */
  finish(): void {
    if (this.#state === 'until-close') this.#end();
  }

  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead();
      case 'length':
      case 'chunk-data':
      case 'until-close':
        return this.#readData();
      case 'chunk-size':
        return this.#readChunkSize();
      case 'trailers':
        return this.#readTrailer();
      default:
        return this.#state satisfies never;
    }
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf('\r\n\r\n');
    if (end < 0) return false;
    const [startLine = '', ...lines] = this.#pending.toString('latin1', 0, end).split('\r\n');
    for (const line of lines) {
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+:/.test(line) || /[\r\n\0]/.test(line)) {
        throw new Error(`no header line: ${JSON.stringify(line)}`);
      }
    }
    this.#pending = this.#pending.subarray(end + 4);
    const message = new Message(startLine, lines);
    this.#message = message;
    const framing = this.#framingOf(message);
    this.#listener.head?.(message);
    if (framing === 'none' || framing === 0) this.#end();
    else if (framing === 'chunked') this.#state = 'chunk-size';
    else if (framing === 'until-close') this.#state = 'until-close';
    else {
      this.#state = 'length';
      this.#remaining = framing;
    }
    return true;
  }

  #readData(): boolean {
    if (this.#pending.length === 0) return false;
    const limit = this.#state === 'until-close' ? this.#pending.length : this.#remaining;
    const data = this.#pending.subarray(0, limit);
    this.#pending = this.#pending.subarray(data.length);
    this.#remaining -= data.length;
    this.#message?.chunks.push(data);
    if (this.#state === 'length' && this.#remaining === 0) this.#end();
    if (this.#state === 'chunk-data' && this.#remaining === 0) this.#state = 'chunk-size';
    return true;
  }

  #readChunkSize(): boolean {
    // The line break after a chunk's data is read together with the next size.
    const line = this.#readLine((this.#message?.chunks.length ?? 0) > 0 ? 2 : 0);
    if (line === undefined) return false;
    const size = /^(?:\r\n)?([0-9a-fA-F]+)(?:;.*)?$/.exec(line)?.[1];
    if (size === undefined) throw new Error(`no chunk size: ${JSON.stringify(line)}`);
    this.#remaining = Number.parseInt(size, 16);
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data';
    return true;
  }

  #readTrailer(): boolean {
    const line = this.#readLine(0);
    if (line === undefined) return false;
    if (line === '') this.#end();
    return true;
  }

  #readLine(from: number): string | undefined {
    const end = this.#pending.indexOf('\r\n', from);
    if (end < 0) return undefined;
    const line = this.#pending.toString('latin1', 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  #end(): void {
    const message = this.#message;
    this.#state = 'head';
    this.#message = undefined;
    if (!message) return;
    message.complete = true;
    this.#listener.end?.(message);
  }
}
