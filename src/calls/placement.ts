/** Where a JSON-RPC call may go. */
import { type FilterHomes, usesFilter } from '../rpc/filters.ts';
import type { RpcCall } from '../rpc/message.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Placement } from './ledger.ts';

/** Of a call that uses a filter: its parameters hold no more than the filter's id. */
const LONGEST_PARAMS = 1_024;

const ANYWHERE: Placement = { kind: 'anywhere' };
const INVALID: Placement = { kind: 'own-error', code: 'INVALID_CALL' };
const NO_FILTER: Placement = { kind: 'own-error', code: 'FILTER_NOT_FOUND' };

/** Which upstreams there are, and which of them made which filter. */
export interface FilterPlaces {
  readonly filters: FilterHomes<Upstream>;
  readonly registry: Registry;
}

/** Where a call may go: a filter lives on the node that made it, and nowhere else. */
export function placementOf(call: RpcCall, body: Buffer, { filters, registry }: FilterPlaces): Placement {
  if (call.method === undefined) return INVALID;
  if (!usesFilter(call.method)) return ANYWHERE;
  const isShort = call.paramsEnd - call.paramsStart <= LONGEST_PARAMS;
  const id = isShort ? firstParameter(call, body) : undefined;
  const upstream = typeof id === 'string' ? filters.homeOf(id) : undefined;
  return upstream && registry.has(upstream) ? { kind: 'home', upstream } : NO_FILTER;
}

/** The first of a call's positional parameters; undefined when there is none. */
export function firstParameter(call: RpcCall, body: Buffer): unknown {
  if (call.paramsStart < 0) return undefined;
  try {
    const params: unknown = JSON.parse(body.toString('utf8', call.paramsStart, call.paramsEnd));
    return Array.isArray(params) ? params[0] : undefined;
  } catch {
    return undefined;
  }
}
