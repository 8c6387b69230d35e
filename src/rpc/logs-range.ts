/** The range of blocks that an eth_getLogs call asks for, as byte offsets, so that a part of it can be asked for. */

import {
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  closingQuote,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  skipSpace,
  valueEnd,
} from './json-scan.ts';
import type { RpcCall } from './message.ts';
import { heightAt } from './quantity.ts';

/** Of these methods alone a range is looked at. */
export const LOGS_METHOD = 'eth_getLogs';

/** Offsets count from the start of the body; ends are exclusive. */
export interface LogsRange {
  readonly from: number;
  /** Undefined for the newest block, whichever that is when it is asked for. */
  readonly to: number | undefined;
  readonly fromStart: number;
  readonly fromEnd: number;
  /** -1 where there is no `toBlock`, which means the newest block. */
  readonly toStart: number;
  readonly toEnd: number;
}

/** Blocks, the first and the last one included. */
export interface BlockSpan {
  readonly first: number;
  /** Undefined: as the call itself says. */
  readonly last: number | undefined;
}

interface Bounds {
  fromStart: number;
  fromEnd: number;
  toStart: number;
  toEnd: number;
}

/**
 * The range of a call. Undefined when it is not certain: another method, a block hash, a first block that is no number, a
 * last one that is neither a number nor `latest`, parameters that two parsers may read in two ways.
 */
export function readLogsRange(call: RpcCall, body: Buffer): LogsRange | undefined {
  if (call.method !== LOGS_METHOD || call.ambiguous || call.paramsStart < 0) return undefined;
  const bounds = boundsIn(body, call.paramsStart);
  if (!bounds || bounds.fromStart < 0) return undefined;
  const from = heightAt(body, bounds.fromStart, bounds.fromEnd);
  const to = heightAt(body, bounds.toStart, bounds.toEnd);
  if (from === undefined) return undefined;
  const isOpen = bounds.toStart < 0 || body.toString('latin1', bounds.toStart, bounds.toEnd) === '"latest"';
  if (to === undefined ? !isOpen : to < from) return undefined;
  return { from, to, ...bounds };
}

/** How many blocks that are, where the newest one is `height`. */
export function spanOf({ from, to = -1 }: LogsRange, height: number | undefined): number | undefined {
  const span = (to < 0 ? (height ?? -1) : to) - from + 1;
  return span > 0 ? span : undefined;
}

/** The call with a part of its range; all other bytes are the client's. */
export function callForSpan(
  body: Buffer,
  { start, end }: RpcCall,
  range: LogsRange,
  { first, last }: BlockSpan,
): Buffer {
  const edits = [{ start: range.fromStart, end: range.fromEnd, text: quantity(first) }];
  if (last !== undefined && range.toStart < 0)
    edits.push({ start: range.fromEnd, end: range.fromEnd, text: `,"toBlock":${quantity(last)}` });
  else if (last !== undefined) edits.push({ start: range.toStart, end: range.toEnd, text: quantity(last) });
  const parts: Buffer[] = [];
  let at = start;
  for (const edit of edits.sort((a, b) => a.start - b.start)) {
    parts.push(body.subarray(at, edit.start), Buffer.from(edit.text));
    at = edit.end;
  }
  return Buffer.concat([...parts, body.subarray(at, end)]);
}

function quantity(value: number): string {
  return `"0x${value.toString(16)}"`;
}

/** Where the blocks are in `[{"fromBlock": …, "toBlock": …}]`. */
function boundsIn(body: Buffer, paramsStart: number): Bounds | undefined {
  if (body[paramsStart] !== OPEN_ARRAY) return undefined;
  const bounds: Bounds = { fromStart: -1, fromEnd: -1, toStart: -1, toEnd: -1 };
  let at = skipSpace(body, paramsStart + 1);
  if (body[at] !== OPEN_OBJECT) return undefined;
  do {
    const key = skipSpace(body, at + 1);
    if (body[key] !== QUOTE) return undefined;
    const keyEnd = closingQuote(body, key + 1);
    const colon = skipSpace(body, keyEnd + 1);
    const value = skipSpace(body, colon + 1);
    const end = valueEnd(body, value);
    if (keyEnd === -1 || body[colon] !== COLON || end === -1) return undefined;
    if (!note(bounds, body.toString('latin1', key + 1, keyEnd), value, end)) return undefined;
    at = skipSpace(body, end);
  } while (body[at] === COMMA);
  // Nothing else is in the list.
  const isWhole = body[at] === CLOSE_OBJECT && body[skipSpace(body, at + 1)] === CLOSE_ARRAY;
  return isWhole ? bounds : undefined;
}

/** Takes down a member. False when the range can't be told for certain. */
function note(bounds: Bounds, key: string, start: number, end: number): boolean {
  if (key === 'fromBlock' && bounds.fromStart < 0) {
    bounds.fromStart = start;
    bounds.fromEnd = end;
    return true;
  }
  if (key === 'toBlock' && bounds.toStart < 0) {
    bounds.toStart = start;
    bounds.toEnd = end;
    return true;
  }
  // An escape, a name in another case (which Go takes for the same), and a name that occurs twice.
  return !key.includes('\\') && !/^(?:fromblock|toblock|blockhash)$/i.test(key);
}
