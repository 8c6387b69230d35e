/**
 * Whether all readers find the same in a request's body. A list of methods is worth nothing if an upstream can be made to
 * read another method than the one that was looked up: what passes is either JSON-RPC that has one reading, or nothing
 * that anybody could read as JSON-RPC.
 */

import { isUtf8 } from 'node:buffer';
import { valuesOf } from '../http/header-lines.ts';
import type { RpcRequest } from '../rpc/message.ts';

/** Bytes that some readers skip before a document: blanks, byte order marks, zeros of wide characters, scalars. */
const SKIPPED = bytesOf([...'\t\n\v\f\r ",;.0123456789+-\0\x85\xa0\xbb\xbf\xef\xfe\xff']);
/** With which an object, an array or a comment begins. */
const BEGINS_JSON = bytesOf([...'{[/#']);
/** Encodings in which ASCII is itself, and nothing else is. */
const LIKE_ASCII = /^(?:utf-?8|(?:us-)?ascii|iso-?8859-\d{1,2}|latin-?1|windows-125\d)$/i;

function bytesOf(characters: readonly string[]): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Whether the lines of a request say that its body must be decoded before it is read. */
export function isEncoded(lines: readonly string[]): boolean {
  if (valuesOf(lines, 'content-encoding').some((value) => !/^\s*(?:identity)?\s*$/i.test(value))) return true;
  const types = valuesOf(lines, 'content-type').join(';');
  return [...types.matchAll(/charset\s*=\s*["']?([^\s;"',]*)/gi)].some(
    ([, name = '']) => !LIKE_ASCII.test(name),
  );
}

/** Whether a body that begins like this may be, or become, JSON with more than a word in it. */
export function beginsLikeJson(beginning: Buffer): boolean {
  for (const byte of beginning) {
    if (SKIPPED[byte] === 1) continue;
    return BEGINS_JSON[byte] === 1;
  }
  return true;
}

/** Whether a whole body that was found to be `rpc`, or to be none, is that for everybody. */
export function isCertain(body: Buffer, rpc: RpcRequest | undefined): boolean {
  const value = parsed(body);
  if (value === undefined) return !rpc && !beginsLikeJson(body);
  if (rpc) return rpc.calls.every(({ ambiguous }) => !ambiguous);
  return !(Array.isArray(value) ? value : [value]).some(namesMethod);
}

/** Strictly read; undefined for what is no JSON. */
function parsed(body: Buffer): unknown {
  if (!isUtf8(body)) return undefined;
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

function namesMethod(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false;
  return Object.keys(item).some((key) => key.length < 12 && key.trim().toUpperCase() === 'METHOD');
}
