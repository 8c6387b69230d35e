/** Classifies JSON-RPC errors, and says what to do about each class. */

import type { FailureReason } from '../events.ts';
import { type Rest, restOf } from './error-rest.ts';
import { compileTable, matchRow, type NormalizedError, type RpcErrorClass } from './error-rows.ts';
import { member, normalizeError, type RpcErrorFacts } from './normalized-error.ts';
import { type SizeRefusal, sizeRefusalOf } from './size-limits.ts';
import { ERROR_TABLE } from './tables/index.ts';

export type { Rest, RpcErrorClass, RpcErrorFacts };

export interface RpcErrorVerdict {
  readonly class: RpcErrorClass;
  readonly rest?: Rest;
  /** What was too large, where smaller pieces may do. */
  readonly size?: SizeRefusal;
  /** The HTTP status decided: nothing in the error itself is known. */
  readonly byStatus?: true;
}

export interface RpcErrorAction {
  /** Whether another upstream may be asked, if the call may be repeated. */
  readonly next: boolean;
  /** What the upstream is quarantined for. */
  readonly blame: FailureReason | undefined;
  /** The blame is for this method only. */
  readonly banMethod: boolean;
}

const TO_CLIENT: RpcErrorAction = { next: false, blame: undefined, banMethod: false };
const ELSEWHERE: RpcErrorAction = { next: true, blame: undefined, banMethod: false };

/**
 * What to do about each class. `raw-tx-known` is no error in the end: the node has the transaction, and its hash is
 * the answer where the method answers with one. `raw-tx-nonce` may mean the same; only a look-up by hash shows it.
 */
export const actions: Readonly<Record<RpcErrorClass, RpcErrorAction>> = {
  revert: TO_CLIENT,
  'missing-data': ELSEWHERE,
  'raw-tx-known': TO_CLIENT,
  'raw-tx-nonce': TO_CLIENT,
  'raw-tx-policy': ELSEWHERE,
  'raw-tx-final': TO_CLIENT,
  'sender-limit': TO_CLIENT,
  'range-too-large': ELSEWHERE,
  'batch-too-large': ELSEWHERE,
  plan: { next: true, blame: 'plan', banMethod: false },
  auth: { next: true, blame: 'auth', banMethod: false },
  'method-unsupported': { next: true, blame: 'method-unsupported', banMethod: true },
  'tag-unsupported': ELSEWHERE,
  throttled: { next: true, blame: 'rate-limited', banMethod: false },
  'upstream-broken': { next: true, blame: 'upstream-broken', banMethod: false },
  'node-timeout': ELSEWHERE,
  'client-error': TO_CLIENT,
  unknown: ELSEWHERE,
};

const TABLE = compileTable(ERROR_TABLE);

/**
 * Classifies a provider's JSON-RPC error: first by its possible sources, then by its text and code in the tables. The
 * HTTP status decides only when no row matches.
 */
export function classifyRpcError(facts: RpcErrorFacts): RpcErrorVerdict {
  const error = normalizeError(facts);
  const matched = matchRow(TABLE, error) ?? 'unknown';
  const meaning = matched === 'unknown' ? classFromStatus(error) : matched;
  const rest = restOf(meaning, error, facts.data);
  const size = sizeRefusalOf(meaning, error);
  return {
    class: meaning,
    ...(rest === undefined ? {} : { rest }),
    ...(size === undefined ? {} : { size }),
    ...(meaning !== matched ? { byStatus: true } : {}),
  };
}

/**
 * Classifies an HTTP status alone, when a JSON-RPC request got it without a JSON-RPC answer in the body. Undefined for
 * a status that is no such error (2xx, 3xx, other 4xx): then the body is just not an answer.
 */
export function classifyRpcStatus(httpStatus: number): RpcErrorClass | undefined {
  if (httpStatus >= 500) return 'upstream-broken';
  return STATUS_CLASSES.get(httpStatus);
}

const STATUS_CLASSES: ReadonlyMap<number, RpcErrorClass> = new Map([
  [400, 'client-error'],
  [401, 'auth'],
  [402, 'plan'],
  [403, 'auth'],
  // The upstream's URL is wrong, or its key was deleted: no JSON-RPC method is missing.
  [404, 'upstream-broken'],
  // A web server's words for POST and for a content type: no JSON-RPC method is missing.
  [405, 'unknown'],
  [408, 'node-timeout'],
  [413, 'range-too-large'],
  [415, 'unknown'],
  [429, 'throttled'],
]);

/**
 * Finds failures that come as a result: revert data that eth_call returns as if it were the return value (to be
 * delivered as it is), and a trace that exceeded the node's time limit. `result` is parsed JSON.
 */
export function classifyRpcResult(method: string, result: unknown): RpcErrorClass | undefined {
  if (method === 'eth_call') {
    // The selector of Solidity's Error(string).
    return typeof result === 'string' && result.startsWith('0x08c379a0') ? 'revert' : undefined;
  }
  if (!/^(?:trace|debug)_/.test(method)) return undefined;
  const timedOut = [result]
    .flat()
    .some((item) => isTimeout(member(item, 'error') ?? member(member(item, 'result'), 'error')));
  return timedOut ? 'node-timeout' : undefined;
}

function isTimeout(error: unknown): boolean {
  const message = typeof error === 'string' ? error : '';
  return (
    classifyRpcError({ httpStatus: 200, code: undefined, message, data: undefined, method: undefined })
      .class === 'node-timeout'
  );
}

/**
 * The class by HTTP status of an error that no row matches. The status is the gateway's, so except for 429 it counts
 * only where the error may come from a gateway. Nodes send any error with 400, 404 or 500.
 */
function classFromStatus({ httpStatus, sources }: NormalizedError): RpcErrorClass {
  if (httpStatus === 429) return 'throttled';
  if (!sources.includes('gateway') || NODE_STATUSES.has(httpStatus)) return 'unknown';
  return classifyRpcStatus(httpStatus) ?? 'unknown';
}

const NODE_STATUSES: ReadonlySet<number> = new Set([400, 404, 500]);
