/**
 * Finds where JSON values begin and end, without building them. Every function takes a position and returns the
 * position after what it read, or -1 when that is not there; none recurses, none throws.
 *
 * Inside nested values only quotes and brackets are followed: other mistakes in there are left to the upstream.
 */

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const OPEN_ARRAY = 0x5b;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const BACKSLASH = 0x5c;

/** A table that has 1 for each of these bytes. */
export function byteTable(bytes: Iterable<number>): Uint8Array {
  const table = new Uint8Array(256);
  for (const byte of bytes) table[byte] = 1;
  return table;
}

/** Bytes of a string that are read one by one before native code searches for its end. */
const SHORT_STRING = 48;

/** The position of the first byte that is not white space; the length of the buffer when there is none. */
export function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
    at++;
  }
  return at;
}

/** Where the document begins: after a byte order mark and white space. */
export function documentStart(bytes: Buffer): number {
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return skipSpace(bytes, marked ? 3 : 0);
}

/** The position of the quote that closes the string whose first character is at `from`; -1 if none does. */
export function closingQuote(bytes: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const stop = Math.min(at + SHORT_STRING, bytes.length);
    while (at < stop) {
      const byte = bytes[at];
      if (byte === QUOTE) return at;
      at += byte === BACKSLASH ? 2 : 1;
    }
    if (at >= bytes.length) return -1;
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return -1;
    let character = quote;
    while (character > at && bytes[character - 1] === BACKSLASH) character--;
    if ((quote - character) % 2 === 0) return quote;
    // An escaped quote: back to single bytes, since a string of escaped quotes would cost a native call for each.
    at = quote + 1;
  }
}

/** The position after the value at `from`, which must not be white space; -1 when no whole value is there. */
export function valueEnd(bytes: Buffer, from: number): number {
  if (from >= bytes.length) return -1;
  switch (bytes[from]) {
    case QUOTE:
      return closingQuote(bytes, from + 1) + 1 || -1;
    case OPEN_OBJECT:
    case OPEN_ARRAY:
      return containerEnd(bytes, from);
    case 0x74:
      return wordEnd(bytes, from, 'true');
    case 0x66:
      return wordEnd(bytes, from, 'false');
    case 0x6e:
      return wordEnd(bytes, from, 'null');
    default:
      return numberEnd(bytes, from);
  }
}

/**
 * The end of the object or array that opens at `from`. Open brackets are kept as bits (1: an object), 32 to a
 * number, so that a megabyte of `[` needs little stack and memory.
 */
function containerEnd(bytes: Buffer, from: number): number {
  let open = 0;
  let depth = 0;
  const outer: number[] = [];
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      at = closingQuote(bytes, at + 1);
      if (at === -1) return -1;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (depth > 0 && depth % 32 === 0) outer.push(open);
      open = (open << 1) | (byte === OPEN_OBJECT ? 1 : 0);
      depth++;
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if ((open & 1) !== (byte === CLOSE_OBJECT ? 1 : 0)) return -1;
      open >>>= 1;
      depth--;
      if (depth === 0) return at + 1;
      if (depth % 32 === 0) open = outer.pop() ?? 0;
    }
  }
  return -1;
}

function wordEnd(bytes: Buffer, from: number, word: string): number {
  for (let i = 0; i < word.length; i++) {
    if (bytes[from + i] !== word.charCodeAt(i)) return -1;
  }
  return from + word.length;
}

/** RFC 8259 section 6: no leading zero, no bare point, no plus sign. */
function numberEnd(bytes: Buffer, from: number): number {
  const digits = bytes[from] === 0x2d ? from + 1 : from;
  let at = digitsEnd(bytes, digits);
  if (at === digits || (bytes[digits] === 0x30 && at > digits + 1)) return -1;
  if (bytes[at] === 0x2e) {
    const fraction = at + 1;
    at = digitsEnd(bytes, fraction);
    if (at === fraction) return -1;
  }
  if (bytes[at] === 0x65 || bytes[at] === 0x45) {
    const sign = bytes[at + 1];
    const exponent = sign === 0x2b || sign === 0x2d ? at + 2 : at + 1;
    at = digitsEnd(bytes, exponent);
    if (at === exponent) return -1;
  }
  return at;
}

function digitsEnd(bytes: Buffer, from: number): number {
  let at = from;
  while (at < bytes.length) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) break;
    at++;
  }
  return at;
}
