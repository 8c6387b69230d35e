/** A filter that was made through one process of a machine is used through all of them. */

import type { Pool } from '../pools/pool.ts';
import type { FactTable, News } from './fact-table.ts';
import type { KnownUpstreams } from './known-upstreams.ts';
import { upstreamKey } from './upstream-key.ts';

/**
 * Each process keeps filters in its `FilterHomes`, which are bounded: what they forget, the table forgets, too, so that
 * no client fills it. Clients have the same keys as there, which never leave the machine. Replicas don't share filters.
 */
export function shareFilters(table: FactTable, upstreams: KnownUpstreams): void {
  for (const { pool } of upstreams.all) tellOf(pool, table);
  // Pools come with their upstreams.
  upstreams.onJoin(({ pool }) => tellOf(pool, table));
  table.read('filter', (news) => {
    if (!adopt(news, upstreams)) table.forget(`filter ${news.subject}`);
  });
}

function tellOf({ identity, filters }: Pool, table: FactTable): void {
  const keyOf = (filterId: string) => `filter ${identity.name} ${filterId}`;
  filters.listen({
    lives: (filterId, upstream, client, leftMs) =>
      table.put(keyOf(filterId), { upstream: upstreamKey(upstream), client }, leftMs),
    isForgotten: (filterId) => table.forget(keyOf(filterId)),
  });
}

/** Whether it is kept. */
function adopt({ subject, value, leftMs }: News, upstreams: KnownUpstreams): boolean {
  const { upstream, client }: Readonly<Record<string, unknown>> = { ...value };
  if (typeof upstream !== 'string' || typeof client !== 'string') return false;
  const known = upstreams.find(upstream);
  if (!known) return false;
  const filterId = subject.slice(known.pool.identity.name.length + 1);
  return known.pool.filters.adopt(filterId, known.upstream, client, leftMs ?? 0);
}
