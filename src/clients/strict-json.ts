/**
 * Reads JSON by the letter of RFC 8259, without building its values: `JSON.parse` takes 200 ms for a megabyte of empty
 * objects, in which nobody else is served.
 */

import { isUtf8 } from 'node:buffer';
import {
  BACKSLASH,
  byteTable,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  valueEnd,
} from '../rpc/json-scan.ts';
import { stringAt } from '../rpc/members.ts';

/** Many readers give up at fewer levels, or at ten times as many. */
const MAX_DEPTH = 1_000;
const ESCAPES = byteTable(Buffer.from('"\\/bfnrt'));
const HEX = byteTable(Buffer.from('0123456789abcdefABCDEF'));
const LETTER_U = 0x75;
const BLANK = 0x20;
const METHOD = Buffer.from('method');
/** `method` with each letter as `\uXXXX`, and some blanks. */
const LONGEST_METHOD = 48;

export interface StrictDocument {
  /** An object, or one of a list of them, has a member that some reader may take for `method`. */
  readonly namesMethod: boolean;
  /** One of these has two. */
  readonly repeatsMethod: boolean;
}

/** Undefined for what is not a whole JSON document and nothing else. */
export function readStrictly(body: Buffer): StrictDocument | undefined {
  return isUtf8(body) ? new Reader(body).read() : undefined;
}

class Reader {
  readonly #body: Buffer;
  /** The closing brackets that are awaited. */
  readonly #open: number[] = [];
  #at: number;
  #namesMethod = false;
  #repeatsMethod = false;
  /** How many of these the object has that is being read. */
  #methods = 0;

  constructor(body: Buffer) {
    this.#body = body;
    this.#at = skipSpace(body, 0);
  }

  read(): StrictDocument | undefined {
    while (this.#takeValue()) {
      // After a value come closing brackets, then a comma or the end.
      while (this.#open.length > 0 && this.#isAt(this.#open.at(-1))) this.#close();
      if (this.#open.length === 0) return this.#at === this.#body.length ? this.#found : undefined;
      if (!this.#isAt(COMMA)) return undefined;
      this.#step();
      if (this.#open.at(-1) === CLOSE_OBJECT && !this.#takeName()) return undefined;
    }
    return undefined;
  }

  get #found(): StrictDocument {
    return { namesMethod: this.#namesMethod, repeatsMethod: this.#repeatsMethod };
  }

  #noteMethod(): void {
    this.#methods += 1;
    this.#namesMethod = true;
    this.#repeatsMethod ||= this.#methods > 1;
  }

  #isAt(byte: number | undefined): boolean {
    return this.#body[this.#at] === byte;
  }

  /** On to what follows the byte here. */
  #step(): void {
    this.#at = skipSpace(this.#body, this.#at + 1);
  }

  #close(): void {
    this.#open.pop();
    this.#step();
  }

  /** Takes a scalar, an empty object or array, or the beginning of one up to its first scalar. */
  #takeValue(): boolean {
    while (this.#isAt(OPEN_OBJECT) || this.#isAt(OPEN_ARRAY)) {
      if (this.#open.length === MAX_DEPTH) return false;
      const close = this.#isAt(OPEN_OBJECT) ? CLOSE_OBJECT : CLOSE_ARRAY;
      this.#open.push(close);
      if (this.#isOfCall) this.#methods = 0;
      this.#step();
      if (this.#isAt(close)) {
        this.#close();
        return true;
      }
      if (close === CLOSE_OBJECT && !this.#takeName()) return false;
    }
    return this.#isAt(QUOTE) ? this.#takeString() : this.#takeWord();
  }

  #takeWord(): boolean {
    const end = valueEnd(this.#body, this.#at);
    if (end < 0) return false;
    this.#at = skipSpace(this.#body, end);
    return true;
  }

  #takeString(): boolean {
    const end = stringEnd(this.#body, this.#at + 1);
    if (end < 0) return false;
    this.#at = skipSpace(this.#body, end);
    return true;
  }

  /** Takes a member's name and its colon. */
  #takeName(): boolean {
    const start = this.#at;
    if (!this.#isAt(QUOTE)) return false;
    const end = stringEnd(this.#body, start + 1);
    if (end < 0) return false;
    if (this.#isOfCall && isMethod(this.#body, start, end)) this.#noteMethod();
    this.#at = skipSpace(this.#body, end);
    if (!this.#isAt(COLON)) return false;
    this.#step();
    return true;
  }

  /** The document is this object, or a list that it is in. */
  get #isOfCall(): boolean {
    const { length } = this.#open;
    return length === 1 || (length === 2 && this.#open[0] === CLOSE_ARRAY);
  }
}

/** The position after the string whose first letter is at `from`; -1 when it is not whole, or not allowed. */
function stringEnd(body: Buffer, from: number): number {
  for (let at = from; at < body.length; at++) {
    const byte = body[at] ?? 0;
    if (byte === QUOTE) return at + 1;
    if (byte < 0x20) return -1;
    if (byte !== BACKSLASH) continue;
    at++;
    if (body[at] === LETTER_U) {
      for (const last = at + 4; at < last; at++) if (HEX[body[at + 1] ?? 0] !== 1) return -1;
    } else if (ESCAPES[body[at] ?? 0] !== 1) return -1;
  }
  return -1;
}

/** Whether the name between these quotes may be read as `method`. */
function isMethod(body: Buffer, start: number, end: number): boolean {
  if (end - start < METHOD.length + 2 || end - start > LONGEST_METHOD + 2) return false;
  let at = start + 1;
  while (body[at] === BLANK) at++;
  let same = 0;
  while (same < METHOD.length && ((body[at + same] ?? 0) | 0x20) === METHOD[same]) same++;
  // Only where it has letters that are written in another way need it be decoded, which takes ten times as long.
  if (same < METHOD.length && !isOdd(body, at + same, end)) return false;
  const name = stringAt(body, start, end) ?? '';
  // As a reader takes it that ends a text at a zero, or trims it.
  return (
    name
      .replace(/[\0-\x20\x7f]+/g, '')
      .trim()
      .toUpperCase() === 'METHOD'
  );
}

function isOdd(body: Buffer, from: number, end: number): boolean {
  for (let at = from; at < end; at++) {
    const byte = body[at] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80) return true;
  }
  return false;
}
