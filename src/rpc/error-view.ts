import { type ClientWords, unmarked, withoutClientWords } from './client-words.ts';
import type { ErrorView } from './error-rows.ts';
import { speakersOf } from './speakers.ts';

/** What is known of a JSON-RPC error. Nothing else of the body is looked at: an answer's data may hold any word. */
export interface RpcErrorFacts {
  readonly httpStatus: number;
  readonly code: number | undefined;
  readonly message: string;
  readonly data: unknown;
  readonly method: string | undefined;
  /** The error object itself; some put their reason beside message and data. */
  readonly whole?: unknown;
  /** What the client wrote, which the upstream may quote. */
  readonly words?: ClientWords;
}

/** Longest text that is searched, in characters; providers' errors are shorter, a hostile one may not be. */
const MAX_TEXT = 4096;
/** Members of `data` that hold providers' and nodes' own words. Others hold a contract's, a program's, a client's. */
const DATA_KEYS = ['message', 'msg', 'details', 'detail', 'reason', 'error', 'description', 'title', 'data'];
/** Members beside message and data: Infura's `details`; NEAR's `name` and `cause`. */
const SIBLING_KEYS = ['details', 'name', 'cause'];
/** How deep `data` is looked into: gateways wrap the error of their node. */
const MAX_DEPTH = 3;

/** The facts as the tables see them. */
export function viewOf(facts: RpcErrorFacts): ErrorView {
  const { httpStatus, code, method, words } = facts;
  const said = textOf(facts);
  const speakers = speakersOf({ code, method, said, data: facts.data });
  const text = withoutClientWords(said, { method, words });
  const isClients = (part: string): boolean => {
    const plain = unmarked(part, method);
    return words ? words.hold(plain) : isOfMethod(plain, method);
  };
  return { httpStatus, code, method, text, speakers, isClients };
}

/** Message and data, a line each, in lower case. */
function textOf({ message, data, whole }: RpcErrorFacts): string {
  const lines = [
    message.slice(0, MAX_TEXT).trim(),
    ...wordsIn(data, DATA_KEYS, MAX_DEPTH),
    ...membersIn(whole, SIBLING_KEYS, MAX_DEPTH),
  ];
  return [...new Set(lines)].join('\n').slice(0, MAX_TEXT).toLowerCase();
}

/** A string, or the strings under known keys of an object. Hexadecimal data is left out. */
function wordsIn(value: unknown, keys: readonly string[], depth: number): string[] {
  if (typeof value === 'string') return value.startsWith('0x') ? [] : [value.slice(0, MAX_TEXT).trim()];
  return depth > 0 ? membersIn(value, keys, depth) : [];
}

function membersIn(value: unknown, keys: readonly string[], depth: number): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return keys.flatMap((key) => wordsIn(member(value, key), [...DATA_KEYS, 'name'], depth - 1));
}

/** A member of a parsed JSON value; undefined when there is none of that name. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}

/** Without the client's words the name of its method is known all the same. */
function isOfMethod(words: string, method: string | undefined): boolean {
  return method?.toLowerCase().includes(words) ?? false;
}
