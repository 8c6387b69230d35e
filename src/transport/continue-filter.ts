/** Removes `100 Continue` from what a socket receives before an answer. */

import type { Socket } from 'node:net';

/** The longest head of an interim answer; a longer one goes to the parser as it is. */
const MAX_HEAD_BYTES = 16 * 1024;
/** Where the status stands in `HTTP/1.1 100`. */
const STATUS_AT = 9;
const ONE = 0x31;
const EMPTY = Buffer.alloc(0);

/**
 * Our requests never ask for a 100, but a client must tolerate one anyway (RFC 9110, 15.2), and undici destroys the
 * connection at the first.
 */
export class ContinueFilter {
  readonly #push: Socket['push'];
  /** The next byte is the first of a head. */
  #atHead = false;
  /** The beginning of a head whose status has not arrived, or whose end has not. */
  #held: Buffer = EMPTY;

  /** From now on the reader of `socket` gets what is left. */
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
      // The end comes in the middle of a head: the parser has to judge what there is.
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

/** Which kind of head begins here; `unknown` while too little of it has arrived. */
function kindOf(bytes: Buffer): 'unknown' | 'continue' | 'interim' | 'final' {
  // The common case.
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
