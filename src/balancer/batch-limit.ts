/** How many calls of a batch an upstream is sent at once: by what it has refused, and by its ceiling. */

import type { Pool } from '../pools/pool.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** So much of a ceiling, in seconds, goes to one batch where nobody waits; and to a piece of one. */
const WHOLE_S = 1;
const PIECE_S = 0.25;

/** Undefined when no limit is known. */
export function batchLimit(upstream: Upstream, pool: Pool): number | undefined {
  // What would have to wait gives way to others, in pieces.
  return pool.room.has(upstream)
    ? lesser(learnt(upstream, pool), ceilingLimit(upstream))
    : pieceLimit(upstream, pool);
}

/** Largest piece of a batch that is cut. */
export function pieceLimit(upstream: Upstream, pool: Pool): number | undefined {
  const rps = upstream.budget?.pacer.ceilingRps;
  return lesser(learnt(upstream, pool), rps && Math.max(1, Math.floor(rps * PIECE_S)));
}

/** No batch is larger than what `rps=` allows in a second: the calls of others would have to wait for it. */
export function ceilingLimit({ budget }: Upstream): number | undefined {
  const rps = budget?.pacer.ceilingRps;
  return rps && Math.max(1, Math.floor(rps * WHOLE_S));
}

function learnt({ capacities }: Upstream, { runtime }: Pool): number | undefined {
  return capacities.batch.limit(runtime.clock);
}

function lesser(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : Math.min(one, other ?? one);
}
