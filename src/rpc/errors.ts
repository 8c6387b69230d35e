import type { FailureReason } from '../events.ts';
import { type Rest, restOf } from './error-rest.ts';
import { compileTable, type ErrorView, matchRow, type RpcErrorClass } from './error-rows.ts';
import { member, type RpcErrorFacts, viewOf } from './error-view.ts';
import { ERROR_TABLE } from './tables/index.ts';

export type { Rest, RpcErrorClass, RpcErrorFacts };

export interface RpcErrorVerdict {
  readonly class: RpcErrorClass;
  readonly rest?: Rest;
  /** The HTTP status has decided: the error itself says nothing that is known. */
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
 * What to do about each class. `raw-tx-known` is no error in the end: the transaction is there, its hash is
 * the answer where the method answers one. `raw-tx-nonce` may mean the same; only a look-up by hash tells.
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
 * Says what a provider's JSON-RPC error means. First who speaks, then what is said: the tables decide, by text
 * and code. Only when they are silent does the HTTP status.
 */
export function classifyRpcError(facts: RpcErrorFacts): RpcErrorVerdict {
  const view = viewOf(facts);
  const said = matchRow(TABLE, view) ?? 'unknown';
  const found = said === 'unknown' ? classFromStatus(view) : said;
  const rest = restOf(found, view, facts.data);
  return {
    class: found,
    ...(rest === undefined ? {} : { rest }),
    ...(said === 'unknown' && found !== 'unknown' ? { byStatus: true } : {}),
  };
}

/**
 * Says what an HTTP status alone means, when a JSON-RPC request got it without a JSON-RPC answer in the body.
 * Undefined for one that says nothing of the kind (2xx, 3xx, other 4xx): the body is then just no answer.
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
  // The URL itself is wrong there, or its key was deleted: no JSON-RPC method is missing.
  [404, 'upstream-broken'],
  // A web server's words for POST and for a content type: no JSON-RPC method is missing.
  [405, 'unknown'],
  [408, 'node-timeout'],
  [413, 'range-too-large'],
  [415, 'unknown'],
  [429, 'throttled'],
]);

/**
 * Finds the failures that come as a result: revert data that eth_call gives back as if it were the return
 * value (to be delivered as it is), and a trace that ran out of the node's time. `result` is parsed JSON.
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
 * What the status adds to an error that says nothing known. It is the gateway's, so it counts only where a gateway
 * may have spoken, but for 429. Nodes send any error with 400, 404 or 500.
 */
function classFromStatus({ httpStatus, speakers }: ErrorView): RpcErrorClass {
  if (httpStatus === 429) return 'throttled';
  if (!speakers.includes('gateway') || NODE_STATUSES.has(httpStatus)) return 'unknown';
  return classifyRpcStatus(httpStatus) ?? 'unknown';
}

const NODE_STATUSES: ReadonlySet<number> = new Set([400, 404, 500]);
