/**
 * Texts reduced to their letters and digits, so that one reads the same however it is quoted, spaced, escaped or
 * written in capitals. One pass over the bytes: a client may send a megabyte.
 */

const BACKSLASH = 0x5c;
const PERCENT = 0x25;
const SPACE = 0x20;
const NOTHING = -1;
/** Fewer hexadecimal digits than these are no text. */
const SHORTEST_HEX = 8;

/** Only ASCII letters and digits, in lower case; `\uXXXX`, `\xXX` and `%XX` count as what they stand for. */
export function lettersOf(text: string): string {
  const bytes = Buffer.from(text, 'utf8');
  let length = 0;
  for (let at = 0; at < bytes.length; at++) {
    let byte = bytes[at] ?? 0;
    if (byte === BACKSLASH || byte === PERCENT) {
      const digits = digitsOfEscape(bytes, at);
      const first = byte === PERCENT ? at + 1 : at + 2;
      byte = digits > 0 ? numberAt(bytes, first, digits) : NOTHING;
      // Of `\n` the letter is no letter; of `\"` and `\\` nothing is.
      at = digits > 0 ? first + digits - 1 : first - 1;
    }
    const letter = letterOf(byte);
    // Behind where it is read.
    if (letter !== NOTHING) bytes[length++] = letter;
  }
  return bytes.toString('latin1', 0, length);
}

/** What the hexadecimal digits of a text mean, one run after the other: some nodes show parameters so. */
export function decodedHex(text: string): string {
  const bytes = Buffer.from(text, 'latin1');
  let length = 0;
  // The `0` of `0x` is a run of its own, which the `x` ends.
  for (let start = 0, at = 0; at <= bytes.length; at++) {
    if (at < bytes.length && digitOf(bytes[at] ?? 0) !== NOTHING) continue;
    if (at - start >= SHORTEST_HEX) {
      for (let pair = start; pair + 1 < at; pair += 2) bytes[length++] = numberAt(bytes, pair, 2);
      bytes[length++] = SPACE;
    }
    start = at + 1;
  }
  return bytes.toString('latin1', 0, length);
}

/** How many hexadecimal digits the escape at `start` has; 0 when it is none of those. */
function digitsOfEscape(bytes: Buffer, start: number): number {
  const kind = bytes[start] === PERCENT ? PERCENT : (bytes[start + 1] ?? 0);
  const digits = kind === 0x75 ? 4 : kind === 0x78 || kind === PERCENT ? 2 : 0;
  const first = bytes[start] === PERCENT ? start + 1 : start + 2;
  for (let at = first; at < first + digits; at++) if (digitOf(bytes[at] ?? 0) === NOTHING) return 0;
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
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : NOTHING;
}

function letterOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte;
  if (byte >= 0x41 && byte <= 0x5a) return byte | 0x20;
  return byte >= 0x61 && byte <= 0x7a ? byte : NOTHING;
}
