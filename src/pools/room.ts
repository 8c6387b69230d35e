/** Whether an upstream may take one more request. */

import type { Upstream } from '../upstreams/upstream.ts';

export interface Room {
  /** At this moment. `isTrial` means that the upstream is out. */
  has(upstream: Upstream, isTrial: boolean): boolean;
  /** When it will have room without further events: monotonic milliseconds, Infinity when that is unknown. */
  freeAtMs(upstream: Upstream): number;
}
