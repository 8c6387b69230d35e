/** Whether an upstream may take one more request. */

import type { Upstream } from '../upstreams/upstream.ts';

export interface Room {
  /** At this moment. */
  has(upstream: Upstream): boolean;
  /** When it will have room without further events: monotonic milliseconds, Infinity when that is unknown. */
  freeAtMs(upstream: Upstream): number;
}

/** Nothing limits how many requests an upstream may have. */
export const UNLIMITED: Room = { has: () => true, freeAtMs: () => Number.POSITIVE_INFINITY };
