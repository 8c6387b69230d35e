/**
 * Texts reduced to their letters and digits, so that a text compares equal however it is quoted, spaced, escaped or
 * capitalized. One pass over the bytes: a client may send a megabyte.
 */

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const SPACE = 0x20;
const NONE = -1;
/** Fewer hexadecimal digits than this are not text. */
const SHORTEST_HEX = 8;

/** Only ASCII letters and digits, in lower case; `\uXXXX`, `\xXX` and `%XX` count as the character they encode. */
export function normalizeText(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === BACKSLASH || byte === PERCENT) {
      const digits = digitsOfEscape(bytes, at);
      const first = byte === PERCENT ? at + 1 : at + 2;
      byte = digits > 0 ? numberAt(bytes, first, digits) : NONE;
      // The `n` of `\n` is no letter; `\"` and `\\` have none.
      at = digits > 0 ? first + digits - 1 : first - 1;
    }
    const letter = normalizedByte(byte);
    // Written behind the position that is read.
    if (letter !== NONE) bytes[length++] = letter;
  }
  return bytes.toString('latin1', 0, length);
}

/** The text that runs of hexadecimal digits encode, one after the other: some nodes print parameters like that. */
export function decodeHex(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  let length = 0;
  // The `0` of `0x` is a run of its own, which the `x` ends.
  for (let start = 0, at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && digitOf(bytes[at] ?? 0) !== NONE) continue;
    if (at - start >= SHORTEST_HEX) {
      for (let pair = start; pair + 1 < at; pair += 2) bytes[length++] = numberAt(bytes, pair, 2);
      bytes[length++] = SPACE;
    }
    start = at + 1;
  }
  return bytes.toString('latin1', 0, length);
}

/** How many hexadecimal digits the escape at `start` has; 0 when it is not such an escape. */
function digitsOfEscape(bytes: Buffer, start: number): number {
  const kind = bytes[start] === PERCENT ? PERCENT : (bytes[start + 1] ?? 0);
  const digits = kind === 0x75 ? 4 : kind === 0x78 || kind === PERCENT ? 2 : 0;
  const first = bytes[start] === PERCENT ? start + 1 : start + 2;
  for (let at = first; at < first + digits; at++) if (digitOf(bytes[at] ?? 0) === NONE) return 0;
  return digits;
}

function numberAt(bytes: Buffer, start: number, digits: number): number {
  let number = 0;
  for (let at = start; at < start + digits; at++) number = number * 16 + digitOf(bytes[at] ?? 0);
  return number;
}

function digitOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NONE;
}

function normalizedByte(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte;
  if (byte >= 0x41 && byte <= 0x5a) return byte | 0x20;
  return byte >= 0x61 && byte <= 0x7a ? byte : NONE;
}
