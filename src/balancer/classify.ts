/** Finds out whether a request is JSON-RPC, and whether it may be repeated. */

import { Ledger } from '../calls/ledger.ts';
import { DENIED, type FilterPlaces, placementOf } from '../calls/placement.ts';
import {
  beginsLikeBatch,
  beginsLikeJson,
  countMethods,
  isCertain,
  isEncoded,
} from '../clients/certain-body.ts';
import { isBodyRead } from '../clients/client.ts';
import type { AnswerCode } from '../errors.ts';
import { parseRpcRequest, type RpcCall, type RpcRequest } from '../rpc/message.ts';
import { BATCH_KEY, latencyKeyOf } from '../rpc/method-kinds.ts';
import { mayRepeat } from '../rpc/methods.ts';
import type { Exchange } from './exchange.ts';

/** Methods that may always be repeated: RFC 9110, 9.2.2 (idempotent). */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

/**
 * A batch that is too large is refused call by call, up to this many times the limit. A larger batch is refused as a
 * whole: otherwise the answer to a body of commas would be a hundred times as long as the body.
 */
const ANSWERED_ONE_BY_ONE = 2;

/**
 * Whether it is JSON-RPC depends on the body, not on the content type: `curl -d` sends a form's. Returns the code of a
 * refusal if the request must be refused. `maxBatch` is how many calls a batch may have.
 */
export function classify(exchange: Exchange, places: FilterPlaces, maxBatch: number): AnswerCode | undefined {
  const { body, request } = exchange;
  const isPost = request.method === 'POST' && body.kind === 'kept';
  const rpc = isPost ? parseRpcRequest(body.bytes, maxBatch * ANSWERED_ONE_BY_ONE) : undefined;
  const evasion = isBodyRead(exchange.client) ? evasionOf(exchange, rpc) : undefined;
  if (!rpc || body.kind !== 'kept') {
    const idempotent = IDEMPOTENT_METHODS.has(request.method ?? '') && body.kind === 'kept';
    exchange.repeat = idempotent ? 'always' : 'unsent';
    return evasion;
  }
  exchange.rpc = rpc;
  exchange.latencyKey = rpc.batch ? BATCH_KEY : latencyKeyOf(rpc.calls[0]?.method);
  if (evasion) return evasion;
  if (rpc.isTooLong || rpc.calls.length > maxBatch) return 'BATCH_TOO_LARGE';
  if (rpc.calls.length === 0) return 'INVALID_CALL';
  exchange.repeat = rpc.calls.every(mayRepeat) ? 'always' : 'unsent';
  const { bytes } = body;
  const place = (call: RpcCall) => (isDenied(exchange, call) ? DENIED : placementOf(call, bytes, places));
  const ledger = new Ledger(rpc, bytes, place);
  exchange.ledger = ledger;
  // Nobody waits for an answer, and nobody may be asked.
  return ledger.done && ledger.entries.length === 0 ? 'METHOD_DENIED' : undefined;
}

function isDenied({ client }: Exchange, { method }: RpcCall): boolean {
  return method !== undefined && client.methods?.permits(method) === false;
}

/**
 * Why a request may not pass a list of methods, because it could be read as JSON-RPC with other methods than we find; or
 * a limit, because it could be a batch, whose calls can't be counted.
 */
function evasionOf(exchange: Exchange, rpc: RpcRequest | undefined): AnswerCode | undefined {
  const { body, upgrade, headers, client } = exchange;
  if (body.kind === 'piped') {
    const isLikely = client.methods ? beginsLikeJson(body.prefix) : beginsLikeBatch(body.prefix);
    if (isLikely) return body.heldBytes > 0 ? 'OVERLOADED' : 'BODY_TOO_LARGE';
  }
  if (!client.methods) return undefined;
  if (upgrade) return 'METHOD_DENIED';
  if (body.kind === 'kept' && body.bytes.length === 0) return undefined;
  if (isEncoded(headers.forward)) return 'BAD_REQUEST';
  return body.kind === 'piped' || isCertain(body.bytes, rpc) ? undefined : 'BAD_REQUEST';
}

/** As how many calls a client's limit counts it. What is refused for its size is one. */
export function chargedCalls({ ledger, callCount, rpc, body }: Exchange): number {
  if (ledger) return callCount;
  if (rpc || body.kind !== 'kept' || body.bytes.length === 0 || isCertain(body.bytes, undefined)) return 1;
  return Math.max(1, countMethods(body.bytes));
}
