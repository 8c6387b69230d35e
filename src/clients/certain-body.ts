/**
 * Whether all readers find the same in a request's body. A list of methods is worth nothing if an upstream can be made to
 * read another method than the one that was looked up: what passes is either JSON-RPC that has one reading, or nothing
 * that anybody could read as JSON-RPC.
 */

import { valuesOf } from '../http/header-lines.ts';
import { byteTable, OPEN_ARRAY } from '../rpc/json-scan.ts';
import type { RpcRequest } from '../rpc/message.ts';
import { readStrictly } from './strict-json.ts';

const CONTROLS = Array.from({ length: 0x20 }, (_, code) => code);
/** All that Unicode calls white space, and the byte order mark: a server may trim a body before it reads it. */
const BLANKS =
  '\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff';
/** Bytes that some readers skip before a document: blanks, marks, zeros of wide characters, scalars, commas. */
const SKIPPED = byteTable([
  ...CONTROLS,
  ...Buffer.from(`${BLANKS} ",;.0123456789+-\x7f`),
  0x85,
  0xa0,
  0xfe,
  0xff,
]);
/** With which an object, an array or a comment begins. */
const BEGINS_JSON = byteTable(Buffer.from('{[/#'));
/** Encodings in which ASCII is itself, and nothing else is. */
const LIKE_ASCII = /^(?:utf-?8|(?:us-)?ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d)$/i;

/** Whether the lines of a request say that its body must be decoded before it is read. */
export function isEncoded(lines: readonly string[]): boolean {
  if (valuesOf(lines, 'content-encoding').some((value) => !/^\s*(?:identity)?\s*$/i.test(value))) return true;
  const types = valuesOf(lines, 'content-type').join(';');
  const charsets = types.matchAll(/charset(\*?)\s*=\s*["']?([^\s;"',]*)/gi);
  return [...charsets].some(([, extended, name = '']) => extended !== '' || !LIKE_ASCII.test(name));
}

/** Whether a body that begins like this may be, or become, JSON with more than a word in it. */
export function beginsLikeJson(beginning: Buffer): boolean {
  for (const byte of beginning) {
    if (SKIPPED[byte] === 1) continue;
    return BEGINS_JSON[byte] === 1;
  }
  return true;
}

/** Whether a body that begins like this may be a batch. */
export function beginsLikeBatch(beginning: Buffer): boolean {
  for (const byte of beginning) if (SKIPPED[byte] !== 1) return byte === OPEN_ARRAY;
  return true;
}

/** Whether a whole body that was found to be `rpc`, or to be none, is that for everybody. */
export function isCertain(body: Buffer, rpc: RpcRequest | undefined): boolean {
  const document = readStrictly(body);
  if (!document) return !rpc && (!mayBeginJson(body) || countMethods(body) === 0);
  if (!rpc) return !document.namesMethod;
  return !document.repeatsMethod && rpc.calls.every(({ ambiguous }) => !ambiguous);
}

/** Whether a reader of one JSON value after another gets anywhere in it. */
function mayBeginJson(body: Buffer): boolean {
  return (
    beginsLikeJson(body) || /^[\s\0\ufeff]*(?:null|true|false|["'()])/.test(body.toString('utf8', 0, 64))
  );
}

/**
 * A member called `method` as lenient readers may find it in what is no JSON document: behind others, without quotes, with
 * a comment before the colon.
 */
const METHOD_MEMBER = /method["'`]?(?:\s|\/\*[\s\S]{0,200}?\*\/|\/\/[^\n]{0,200}\n)*:/gi;
const ESCAPE = /\\(?:u00|x)([0-7][0-9a-f])/gi;

/** How many calls a lenient reader may find in a body that is no JSON-RPC to us. */
export function countMethods(body: Buffer): number {
  // Without the zeros of wide characters.
  const text = body.toString('latin1').replaceAll('\0', '');
  const plain = text.replace(ESCAPE, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [...plain.matchAll(METHOD_MEMBER)].length;
}
