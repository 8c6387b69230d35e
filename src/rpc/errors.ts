import type { FailureReason } from '../events.ts';
import { compileTable, type ErrorView, matchRow, type RpcErrorClass } from './error-rows.ts';
import { ERROR_TABLE } from './error-table.ts';

export type { RpcErrorClass };

/** What is known of a JSON-RPC error. Nothing else of the body is looked at: an answer's data may hold any word. */
export interface RpcErrorFacts {
  readonly httpStatus: number;
  readonly code: number | undefined;
  readonly message: string;
  readonly data: unknown;
  readonly method: string | undefined;
}

/** How long the provider asks to be left alone. */
export type Rest = { readonly kind: 'for'; readonly ms: number } | { readonly kind: 'until-utc-midnight' };

export interface RpcErrorVerdict {
  readonly class: RpcErrorClass;
  readonly rest?: Rest;
  /** The HTTP status has decided: the error itself says nothing that is known. */
  readonly byStatus?: true;
}

export interface RpcErrorAction {
  /** Whether another upstream may be asked. */
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
  'range-too-large': TO_CLIENT,
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

/** Longest text that is searched, in characters; providers' errors are shorter, a hostile one may not be. */
const MAX_TEXT = 4096;
/** Most values of `data` that are looked at. */
const MAX_VALUES = 64;

const TABLE = compileTable(ERROR_TABLE);

/**
 * Says what a provider's JSON-RPC error means. The table decides, by text and code; only when it is silent
 * does the HTTP status, except 500, under which some nodes send every error: then it stays `unknown`.
 */
export function classifyRpcError(facts: RpcErrorFacts): RpcErrorVerdict {
  const view = viewOf(facts);
  const said = matchRow(TABLE, view);
  const found = said ?? classFromStatus(facts);
  const rest = restOf(found, view.text, facts.data);
  return {
    class: found,
    ...(rest === undefined ? {} : { rest }),
    ...(said === undefined && found !== 'unknown' ? { byStatus: true } : {}),
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
  [405, 'method-unsupported'],
  [408, 'node-timeout'],
  [413, 'range-too-large'],
  [415, 'method-unsupported'],
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

/** The facts as the table sees them. */
export function viewOf({ httpStatus, code, method, message, data }: RpcErrorFacts): ErrorView {
  const lines = [message.slice(0, MAX_TEXT).trim(), ...stringsIn(data)];
  return { httpStatus, code, method, text: lines.join('\n').slice(0, MAX_TEXT).toLowerCase() };
}

/** The words in an error's data: itself, or the strings in it. Hexadecimal data is left out. */
function stringsIn(data: unknown): string[] {
  const found: string[] = [];
  const open = [data];
  for (let looked = 0; open.length > 0 && looked < MAX_VALUES; looked++) {
    const value = open.shift();
    if (typeof value === 'string' && !value.startsWith('0x')) found.push(value.slice(0, MAX_TEXT).trim());
    if (typeof value === 'object' && value !== null) open.push(...Object.values(value).slice(0, MAX_VALUES));
  }
  return found;
}

function classFromStatus({ httpStatus, code }: RpcErrorFacts): RpcErrorClass {
  if (httpStatus === 500) return 'unknown';
  // Nodes differ in the parameters they take, and send these with 400.
  if (httpStatus === 400 && (code === -32600 || code === -32602)) return 'unknown';
  return classifyRpcStatus(httpStatus) ?? 'unknown';
}

function restOf(found: RpcErrorClass, text: string, data: unknown): Rest | undefined {
  if (found === 'plan' && /\bdaily\b/.test(text)) return { kind: 'until-utc-midnight' };
  if (found !== 'throttled' && found !== 'plan') return undefined;
  const seconds = Number(member(data, 'backoff_seconds') ?? member(member(data, 'rate'), 'backoff_seconds'));
  // Infura is known to send 0, which asks for nothing.
  return Number.isFinite(seconds) && seconds > 0 ? { kind: 'for', ms: Math.ceil(seconds * 1000) } : undefined;
}

function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.getOwnPropertyDescriptor(value, name)?.value;
}
