import type { Socket } from 'node:net';

/** The head of an interim answer is no longer than this; what is longer goes to the parser as it is. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Where the status stands in `HTTP/1.1 100`. */
const STATUS_AT = 9;
const ONE = 0x31;
const EMPTY = Buffer.alloc(0);

/**
 * Takes `100 Continue` out of what a socket receives before an answer. Nobody here asks for one, but a client
 * must tolerate it all the same (RFC 9110, 15.2), and undici breaks the connection off at the first.
 */
export class UnaskedContinue {
  readonly #push: Socket['push'];
  /** The next byte is the first of a head. */
  #atHead = false;
  /** The beginning of a head that can't be told yet. */
  #held: Buffer = EMPTY;

  /** From now on `socket` gives its reader what is left. */
  constructor(socket: Socket) {
    this.#push = socket.push.bind(socket);
    socket.push = (chunk: Buffer | null) => this.#receive(chunk);
  }

  /** A request is about to be sent: its answer begins with the next byte. */
  expectAnswer(): void {
    this.#atHead = true;
  }

  #receive(chunk: Buffer | null): boolean {
    if (!this.#atHead) return this.#push(chunk);
    const bytes = chunk && this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : (chunk ?? this.#held);
    this.#held = EMPTY;
    if (chunk === null) {
      // The end comes in mid-head: whatever there is, the parser has to judge it.
      this.#atHead = false;
      if (bytes.length > 0) this.#push(bytes);
      return this.#push(null);
    }
    const passed = this.#filter(bytes);
    return passed.length === 0 || this.#push(passed);
  }

  #filter(bytes: Buffer): Buffer {
    const passed: Buffer[] = [];
    let rest = bytes;
    while (this.#atHead && rest.length > 0) {
      const kind = kindOf(rest);
      const end = kind === 'final' ? -1 : rest.indexOf('\r\n\r\n') + 4;
      if (kind === 'final' || (end < 4 && rest.length > MAX_HEAD_BYTES)) {
        this.#atHead = false;
      } else if (end < 4) {
        this.#held = rest;
        rest = EMPTY;
      } else {
        if (kind === 'interim') passed.push(rest.subarray(0, end));
        rest = rest.subarray(end);
      }
    }
    if (passed.length === 0) return rest;
    return Buffer.concat([...passed, rest]);
  }
}

/** What the head is that begins here, as far as it can be told. */
function kindOf(bytes: Buffer): 'unknown' | 'continue' | 'interim' | 'final' {
  // Nearly every answer.
  if (bytes.length > STATUS_AT && bytes[STATUS_AT] !== ONE) return 'final';
  const start = bytes.toString('latin1', 0, STATUS_AT + 3);
  if (/^HTTP\/1\.\d 1\d\d$/.test(start)) {
    const status = start.slice(STATUS_AT);
    if (status === '100') return 'continue';
    return status === '101' ? 'final' : 'interim';
  }
  const isBeginning = start.length < STATUS_AT + 3 && 'HTTP/1.'.startsWith(start.slice(0, 7));
  return isBeginning ? 'unknown' : 'final';
}
