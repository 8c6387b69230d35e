/** Decides which upstreams a JSON-RPC call may go to. */

import type { AnswerCode } from '../errors.ts';
import { type FilterHomes, usesFilter } from '../rpc/filters.ts';
import type { RpcCall } from '../rpc/message.ts';
import type { Registry } from '../upstreams/registry.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** Which upstreams a call may go to, decided before the first attempt. */
export type Placement =
  | { readonly kind: 'anywhere' }
  | { readonly kind: 'home'; readonly upstream: Upstream }
  /** To none: we answer it ourselves. */
  | { readonly kind: 'refused'; readonly code: AnswerCode };

/** A client may not make it, not even without waiting for an answer. */
export const DENIED: Placement = { kind: 'refused', code: 'METHOD_DENIED' };

/** The longest parameters of a call that uses a filter, in bytes: they hold only the filter's id. */
const LONGEST_PARAMS = 1_024;

const ANYWHERE: Placement = { kind: 'anywhere' };
const INVALID: Placement = { kind: 'refused', code: 'INVALID_CALL' };
const NO_FILTER: Placement = { kind: 'refused', code: 'FILTER_NOT_FOUND' };

/** The present upstreams, and which of them made which filter. */
export interface FilterPlaces {
  readonly filters: FilterHomes<Upstream>;
  readonly registry: Registry;
}

/** A filter exists only on the node that made it. */
export function placementOf(call: RpcCall, body: Buffer, { filters, registry }: FilterPlaces): Placement {
  if (call.method === undefined) return INVALID;
  if (!usesFilter(call.method)) return ANYWHERE;
  const isShort = call.paramsEnd - call.paramsStart <= LONGEST_PARAMS;
  const id = isShort ? firstParameter(call, body) : undefined;
  const upstream = typeof id === 'string' ? filters.homeOf(id) : undefined;
  return upstream && registry.has(upstream) ? { kind: 'home', upstream } : NO_FILTER;
}

/** A call's first positional parameter; undefined when there is none. */
export function firstParameter(call: RpcCall, body: Buffer): unknown {
  if (call.paramsStart < 0) return undefined;
  try {
    const params: unknown = JSON.parse(body.toString('utf8', call.paramsStart, call.paramsEnd));
    return Array.isArray(params) ? params[0] : undefined;
  } catch {
    return undefined;
  }
}
