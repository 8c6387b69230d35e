/**
 * JSON-RPC messages as byte offsets into the body instead of parsed objects, because nearly every body passes through
 * unchanged and an id must come back byte for byte.
 */

import { documentStart, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from './json-scan.ts';
import { scanDocument, scanLoneObject, stringAt } from './members.ts';

/** A call of a request. Offsets count from the start of the body; ends are exclusive; -1: not there. */
export interface RpcCall {
  /** Undefined for an item of a batch that is not a call. */
  readonly method: string | undefined;
  readonly start: number;
  readonly end: number;
  /** -1 for a notification. */
  readonly idStart: number;
  readonly idEnd: number;
  readonly paramsStart: number;
  readonly paramsEnd: number;
  /** Where the value of `jsonrpc` begins: an object without one may not be JSON-RPC, but an order to a REST API. */
  readonly versionStart: number;
  /**
   * Two parsers may read this call differently: a member occurs twice, is written with an escape, or in another case
   * (Go's encoding/json takes `Method` for `method`). Here the last exact one counts.
   */
  readonly ambiguous: boolean;
}

export interface RpcRequest {
  readonly batch: boolean;
  readonly calls: readonly RpcCall[];
  /** A batch of more calls than may be read: `calls` is empty. */
  readonly isTooLong?: true;
}

/** An answer. An object with neither result nor error is here too: the caller judges it. */
export interface RpcAnswer {
  readonly start: number;
  readonly end: number;
  readonly idStart: number;
  readonly idEnd: number;
  readonly resultStart: number;
  readonly resultEnd: number;
  readonly errorStart: number;
  readonly errorEnd: number;
}

export interface RpcAnswers {
  readonly batch: boolean;
  readonly answers: readonly RpcAnswer[];
}

/**
 * Reads a request body. Undefined when it is not JSON-RPC: not whole JSON, an object without a string `method`, or an
 * array without any object that has one. `[]` is a batch without calls. At most `maxCalls` items of a batch are read: a
 * megabyte can hold half a million.
 */
export function parseRpcRequest(body: Buffer, maxCalls = Number.POSITIVE_INFINITY): RpcRequest | undefined {
  const document = scanDocument(body, maxCalls);
  if (document === undefined) return undefined;
  let calls = 0;
  for (const item of document.items) {
    if (body[item.methodStart] !== QUOTE) continue;
    item.method = stringAt(body, item.methodStart, item.methodEnd);
    if (item.method !== undefined) calls++;
  }
  if (document.items.length > 0 && calls === 0) return undefined;
  if (document.isCut) return { batch: true, calls: [], isTooLong: true };
  return { batch: document.batch, calls: document.items };
}

/**
 * Reads an answer body. Undefined when it is not one whole JSON object or array of objects, and when the array has
 * more than `maxAnswers` items: then the others were not read.
 */
export function scanRpcAnswer(body: Buffer, maxAnswers = Number.POSITIVE_INFINITY): RpcAnswers | undefined {
  const document = scanDocument(body, maxAnswers);
  if (document === undefined || document.isCut || !document.items.every((item) => item.isObject))
    return undefined;
  return { batch: document.batch, answers: document.items };
}

/** Like scanRpcAnswer where a batch is not an answer. Allocates the one object only. */
export function scanLoneRpcAnswer(body: Buffer): RpcAnswer | undefined {
  return scanLoneObject(body);
}

/**
 * Whether a body that begins like this may answer a call, or a `batch` of calls (an array, or one object for all): the
 * first byte decides.
 */
export function startsLikeAnswer(prefix: Buffer, batch: boolean): boolean {
  const first = prefix[documentStart(prefix)];
  return first === OPEN_OBJECT || (batch && first === OPEN_ARRAY);
}
