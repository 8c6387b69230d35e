import type { AnswerCode } from '../errors.ts';
import { parseRpcRequest } from '../rpc/message.ts';
import { repeatability } from '../rpc/methods.ts';
import type { Exchange, Repeat } from './exchange.ts';

/** Methods that may always be repeated: RFC 9110, 9.2.2 (idempotent). */
const IDEMPOTENT_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']);

export interface ClassifyLimits {
  /** Calls in one JSON-RPC batch. */
  readonly maxBatch: number;
}

/**
 * Finds out what is asked and whether it may be repeated. What is JSON-RPC the body decides, not the
 * content type: `curl -d` sends a form's. Returns the code of a refusal, if it must be refused.
 */
export function classify(exchange: Exchange, limits: ClassifyLimits): AnswerCode | undefined {
  const { method } = exchange.request;
  if (method === 'POST' && exchange.body.kind === 'kept') exchange.rpc = parseRpcRequest(exchange.body.bytes);
  const { rpc } = exchange;
  if (!rpc) {
    exchange.repeat =
      IDEMPOTENT_METHODS.has(method ?? '') && exchange.body.kind === 'kept' ? 'always' : 'unsent';
    return undefined;
  }
  if (rpc.calls.length > limits.maxBatch) return 'BATCH_TOO_LARGE';
  exchange.repeat = rpc.calls.every(mayRepeat) ? 'always' : 'unsent';
  return undefined;
}

function mayRepeat(call: { readonly method: string | undefined; readonly ambiguous: boolean }): boolean {
  const repeat: Repeat = call.method === undefined ? 'always' : repeatability(call.method);
  return repeat === 'always' && !call.ambiguous;
}
