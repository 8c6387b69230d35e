/** Parses the error object of a JSON-RPC answer, without the cost of a huge one. */

import { COLON, COMMA, closingQuote, OPEN_OBJECT, QUOTE, skipSpace, valueEnd } from './json-scan.ts';

/** Larger error objects are read without their `data`, and their other members up to this size. */
const MAX_READ_WHOLE = 16 * 1024;

/** The error object between `start` and `end`, as far as it is worth reading; undefined when it is not JSON. */
export function readError(text: Buffer, start: number, end: number): unknown {
  try {
    const isWhole = end - start <= MAX_READ_WHOLE || text[start] !== OPEN_OBJECT;
    return isWhole
      ? JSON.parse(text.toString('utf8', start, Math.min(end, start + MAX_READ_WHOLE)))
      : readSmallMembers(text, start);
  } catch {
    return undefined;
  }
}

/** The small members of a large object: parsing a megabyte of brackets costs a hundred times its size. */
function readSmallMembers(text: Buffer, start: number): Record<string, unknown> {
  // No prototype: a member may have any name.
  const members: Record<string, unknown> = Object.create(null);
  let at = skipSpace(text, start + 1);
  while (text[at] === QUOTE) {
    const keyEnd = closingQuote(text, at + 1) + 1;
    const colon = skipSpace(text, keyEnd);
    const from = skipSpace(text, colon + 1);
    const to = valueEnd(text, from);
    if (keyEnd === 0 || text[colon] !== COLON || to === -1) break;
    const isSmall = keyEnd - at <= MAX_READ_WHOLE && to - from <= MAX_READ_WHOLE;
    if (isSmall)
      members[String(JSON.parse(text.toString('utf8', at, keyEnd)))] = JSON.parse(
        text.toString('utf8', from, to),
      );
    const comma = skipSpace(text, to);
    if (text[comma] !== COMMA) break;
    at = skipSpace(text, comma + 1);
  }
  return members;
}
