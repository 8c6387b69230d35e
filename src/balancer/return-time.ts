/** When a client that is refused should try again. */

import type { Pool } from '../pools/pool.ts';

/** When it can't be told: all upstreams are down and none is quarantined. */
export const UNKNOWN_RETURN_MS = 1_000;

/** Milliseconds until the first upstream is usable again, or has room. */
export function firstReturnMs({ availability, registry, room, runtime }: Pool): number {
  let firstMs = availability.firstReturnAtMs();
  for (const upstream of registry.all) {
    if (availability.isUsable(upstream)) firstMs = Math.min(firstMs, room.freeAtMs(upstream));
  }
  if (!Number.isFinite(firstMs)) return UNKNOWN_RETURN_MS;
  return Math.max(0, firstMs - runtime.clock.monotonicMs());
}
