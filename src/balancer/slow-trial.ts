/** Tries an upstream again that is slow, by a request that another one can answer in time if it still is. */

import type { Pool } from '../pools/pool.ts';
import { kindOfKey } from '../rpc/method-kinds.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Candidate, Willingness } from './candidate.ts';
import type { Candidates } from './candidates.ts';
import type { Exchange } from './exchange.ts';
import { isOwn } from './sticky.ts';

/** Whom this request should try, as its first; undefined where there is nobody to be tried, or it may not be hedged. */
export function slowOne(
  exchange: Exchange,
  pool: Pool,
  candidates: Candidates,
  willingness: Willingness | undefined,
): Candidate | undefined {
  const { speed, hedges, availability, queue } = pool;
  const avoidance = speed?.avoidance;
  if (!avoidance || avoidance.isNobody) return undefined;
  avoidance.forgetOld();
  // Where others wait for room, whoever tries could not be answered by another one soon.
  if (!willingness || !hedges?.budget.has(exchange.callCount, true) || queue.length > 0) return undefined;
  const kind = kindOfKey(exchange.latencyKey);
  const { length } = availability.quick('primary', kind);
  const ask = (upstream: Upstream) =>
    (upstream.tier === 'primary' || length === 0) && isOwn(upstream, exchange, pool)
      ? candidates.first(upstream, willingness)
      : undefined;
  return avoidance.nextTrial(kind, ask);
}
