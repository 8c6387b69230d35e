/** Finds the members of JSON-RPC messages by byte offset; message.ts says what they mean. */

import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  closingQuote,
  documentStart,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  valueEnd,
} from './json-scan.ts';

/** The members that are looked for. */
const NAMES: readonly string[] = ['id', 'method', 'params', 'result', 'error', 'jsonrpc'];
const ID = 0;
const METHOD = 1;
const PARAMS = 2;
const RESULT = 3;
const ERROR = 4;
const JSONRPC = 5;
const NO_NAME = -1;
/** A less exact parser may take the key for one of the names. */
const LOOK_ALIKE = -2;
/** The longest spelling of a name: each character as a `\uXXXX`. */
const LONGEST_SPELLING = 'jsonrpc'.length * 6;

/**
 * One object of a document, or any other item of a batch. It serves as RpcCall and as RpcAnswer, so that a message
 * costs one object.
 */
export class Item {
  readonly start: number;
  end = -1;
  readonly isObject: boolean;
  /** The string that is the value of `method`; filled in for requests. */
  method: string | undefined = undefined;
  idStart = -1;
  idEnd = -1;
  methodStart = -1;
  methodEnd = -1;
  paramsStart = -1;
  paramsEnd = -1;
  resultStart = -1;
  resultEnd = -1;
  errorStart = -1;
  errorEnd = -1;
  versionStart = -1;
  ambiguous = false;

  constructor(start: number, isObject: boolean) {
    this.start = start;
    this.isObject = isObject;
  }

  /** Records where a member's value is. A second one of the same name counts, and makes the item ambiguous. */
  place(name: number, start: number, end: number): void {
    switch (name) {
      case ID:
        this.ambiguous ||= this.idStart !== -1;
        this.idStart = start;
        this.idEnd = end;
        break;
      case METHOD:
        this.ambiguous ||= this.methodStart !== -1;
        this.methodStart = start;
        this.methodEnd = end;
        break;
      case PARAMS:
        this.ambiguous ||= this.paramsStart !== -1;
        this.paramsStart = start;
        this.paramsEnd = end;
        break;
      case RESULT:
        this.ambiguous ||= this.resultStart !== -1;
        this.resultStart = start;
        this.resultEnd = end;
        break;
      case ERROR:
        this.ambiguous ||= this.errorStart !== -1;
        this.errorStart = start;
        this.errorEnd = end;
        break;
      default:
        this.ambiguous ||= this.versionStart !== -1;
        this.versionStart = start;
    }
  }
}

export interface Document {
  readonly batch: boolean;
  readonly items: readonly Item[];
  /** There are more items than were asked for; those after them were not read. */
  readonly isCut?: true;
}

/** A document's object, or each item of its array; undefined when it is neither, or incomplete. */
export function scanDocument(body: Buffer, maxItems = Number.POSITIVE_INFINITY): Document | undefined {
  const start = documentStart(body);
  if (body[start] === OPEN_ARRAY) return scanArray(body, start, maxItems);
  const item = scanLoneObject(body, start);
  return item && { batch: false, items: [item] };
}

/** The one object that a document consists of; undefined when it is anything else, or incomplete. */
export function scanLoneObject(body: Buffer, start = documentStart(body)): Item | undefined {
  const item = scanObject(body, start);
  return item && skipSpace(body, item.end) === body.length ? item : undefined;
}

function scanArray(body: Buffer, start: number, maxItems: number): Document | undefined {
  const items: Item[] = [];
  let at = skipSpace(body, start + 1);
  let closed = body[at] === CLOSE_ARRAY;
  while (!closed) {
    if (items.length === maxItems) return { batch: true, items, isCut: true };
    const item = body[at] === OPEN_OBJECT ? scanObject(body, at) : scanOther(body, at);
    if (item === undefined) return undefined;
    items.push(item);
    at = skipSpace(body, item.end);
    closed = body[at] === CLOSE_ARRAY;
    if (!closed && body[at] !== COMMA) return undefined;
    if (!closed) at = skipSpace(body, at + 1);
  }
  return skipSpace(body, at + 1) === body.length ? { batch: true, items } : undefined;
}

function scanOther(body: Buffer, start: number): Item | undefined {
  const item = new Item(start, false);
  item.end = valueEnd(body, start);
  return item.end === -1 ? undefined : item;
}

function scanObject(body: Buffer, start: number): Item | undefined {
  if (body[start] !== OPEN_OBJECT) return undefined;
  const item = new Item(start, true);
  let at = skipSpace(body, start + 1);
  let closed = body[at] === CLOSE_OBJECT;
  while (!closed) {
    at = scanMember(body, at, item);
    if (at === -1) return undefined;
    at = skipSpace(body, at);
    closed = body[at] === CLOSE_OBJECT;
    if (!closed && body[at] !== COMMA) return undefined;
    if (!closed) at = skipSpace(body, at + 1);
  }
  item.end = at + 1;
  return item;
}

/** The position after the member at `start`, or -1. */
function scanMember(body: Buffer, start: number, item: Item): number {
  if (body[start] !== QUOTE) return -1;
  const keyEnd = closingQuote(body, start + 1);
  if (keyEnd === -1) return -1;
  const colon = skipSpace(body, keyEnd + 1);
  if (body[colon] !== COLON) return -1;
  const value = skipSpace(body, colon + 1);
  const end = valueEnd(body, value);
  const name = nameAt(body, start + 1, keyEnd);
  if (name === NO_NAME || end === -1) return end;
  if (name === LOOK_ALIKE) {
    item.ambiguous = true;
    return end;
  }
  if (keyEnd - start - 1 !== NAMES[name]?.length) item.ambiguous = true;
  item.place(name, value, end);
  return end;
}

/** Which of NAMES the key between `start` and `end` is. */
function nameAt(body: Buffer, start: number, end: number): number {
  const candidate = candidateAt(body, start, end - start);
  if (candidate !== NO_NAME) {
    const name = NAMES[candidate] ?? '';
    let same = 0;
    while (same < name.length && body[start + same] === name.charCodeAt(same)) same++;
    if (same === name.length) return candidate;
  }
  return end - start > LONGEST_SPELLING ? NO_NAME : oddNameAt(body, start, end);
}

/** The only name that a plain key of this length and first letter can be. */
function candidateAt(body: Buffer, start: number, length: number): number {
  if (length === 2) return ID;
  if (length === 5) return ERROR;
  if (length === 7) return JSONRPC;
  if (length !== 6) return NO_NAME;
  const first = body[start];
  if (first === 0x6d) return METHOD;
  return first === 0x70 ? PARAMS : RESULT;
}

/** Keys written with escapes or in another case. Rarely needed. */
function oddNameAt(body: Buffer, start: number, end: number): number {
  let plain = true;
  for (let at = start; at < end && plain; at++) plain = isPlain(body[at] ?? 0);
  if (plain && end - start > 'jsonrpc'.length) return NO_NAME;
  const key = stringAt(body, start - 1, end + 1);
  if (key === undefined) return LOOK_ALIKE;
  const exact = NAMES.indexOf(key);
  if (exact !== -1) return exact;
  // Upper case also folds what Go folds, such as U+017F to S.
  const folded = key.toUpperCase();
  return NAMES.some((name) => name.toUpperCase() === folded) ? LOOK_ALIKE : NO_NAME;
}

function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x80 && byte !== BACKSLASH;
}

/** The string whose quotes are at `start` and just before `end`; undefined when it is not valid. */
export function stringAt(body: Buffer, start: number, end: number): string | undefined {
  let plain = true;
  for (let at = start + 1; at < end - 1 && plain; at++) plain = isPlain(body[at] ?? 0);
  if (plain) return body.toString('latin1', start + 1, end - 1);
  try {
    return String(JSON.parse(body.toString('utf8', start, end)));
  } catch {
    return undefined;
  }
}
