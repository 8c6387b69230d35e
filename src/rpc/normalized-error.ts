/** A JSON-RPC error as the tables are matched with it: lower case, without the client's words, with its sources. */

import { type ClientWords, restoreMethod, withoutClientWords } from './client-words.ts';
import type { NormalizedError } from './error-rows.ts';
import { identifySources } from './error-source.ts';

/** What is known of a JSON-RPC error. Nothing else of the body is read: an answer's data may contain any words. */
export interface RpcErrorFacts {
  readonly httpStatus: number;
  readonly code: number | undefined;
  readonly message: string;
  readonly data: unknown;
  readonly method: string | undefined;
  /** The error object itself; some providers put the reason in other members than message and data. */
  readonly whole?: unknown;
  /** What the client wrote, which the upstream may quote. */
  readonly words?: ClientWords;
}

/** Longest text that is searched, in characters; providers' errors are shorter, a hostile one may not be. */
const MAX_TEXT = 4096;
/** Members of `data` with the provider's or node's own text. Others hold that of a contract, a program or a client. */
const DATA_KEYS = [
  'message',
  'msg',
  'details',
  'detail',
  'reason',
  'error',
  'description',
  'title',
  'data',
  'payload',
];
/** Members next to message and data: Infura's `details`; NEAR's `name` and `cause`. */
const SIBLING_KEYS = ['details', 'name', 'cause'];
/** How deep `data` is searched: gateways wrap their node's error. */
const MAX_DEPTH = 3;

/** The error in the form that the tables are matched with. */
export function normalizeError(facts: RpcErrorFacts): NormalizedError {
  const { httpStatus, code, method, words } = facts;
  const original = textOf(facts);
  const sources = identifySources({ code, method, text: original, data: facts.data });
  const text = withoutClientWords(original, { method, words });
  const isClients = (part: string): boolean => {
    const restored = restoreMethod(part, method);
    return words ? words.includes(restored) : isOfMethod(restored, method);
  };
  return { httpStatus, code, method, text, sources, isClients };
}

/** Message and data, one line each, in lower case. */
function textOf({ message, data, whole }: RpcErrorFacts): string {
  const lines = [
    message.slice(0, MAX_TEXT).trim(),
    ...wordsIn(data, DATA_KEYS, MAX_DEPTH),
    ...membersIn(whole, SIBLING_KEYS, MAX_DEPTH),
  ];
  return [...new Set(lines)].join('\n').slice(0, MAX_TEXT).toLowerCase();
}

/** A string, or the strings under known keys of an object. Hexadecimal data is skipped. */
function wordsIn(value: unknown, keys: readonly string[], depth: number): string[] {
  if (typeof value === 'string') return value.startsWith('0x') ? [] : [value.slice(0, MAX_TEXT).trim()];
  return depth > 0 ? membersIn(value, keys, depth) : [];
}

function membersIn(value: unknown, keys: readonly string[], depth: number): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return keys.flatMap((key) => wordsIn(member(value, key), [...DATA_KEYS, 'name'], depth - 1));
}

/** A member of a parsed JSON value; undefined when it has none of that name. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** For errors without the client's words, where only the name of its method is known. */
function isOfMethod(words: string, method: string | undefined): boolean {
  return method?.toLowerCase().includes(words) ?? false;
}
