/** When a client that is refused should try again. */

import type { Pool } from '../pools/pool.ts';

/** When it can't be told: all upstreams are down and none is quarantined. */
export const UNKNOWN_RETURN_MS = 1_000;

/** Milliseconds until the first upstream is usable again, for this method, or has room. */
export function firstReturnMs(pool: Pool, method: string | undefined): number {
  const { availability, registry, quarantine, room, runtime } = pool;
  let firstMs = availability.firstReturnAtMs();
  for (const upstream of registry.all) {
    if (!availability.isUsable(upstream)) continue;
    const banned = method === undefined ? undefined : quarantine.methods.banOf(upstream, method);
    firstMs = Math.min(firstMs, Math.max(room.freeAtMs(upstream), banned?.untilMs ?? 0));
  }
  if (!Number.isFinite(firstMs)) return UNKNOWN_RETURN_MS;
  return Math.max(0, firstMs - runtime.clock.monotonicMs());
}
