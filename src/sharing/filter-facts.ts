/** A filter that was made through one process of a machine is used through all of them. */

import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { FactTable, News } from './fact-table.ts';
import { upstreamKey } from './upstream-key.ts';

/** Only of these is anything used. */
type FilterPool = Pick<Pool, 'identity' | 'registry' | 'filters'>;

export interface SharedFilters {
  /** To be called when pools may have come: what happens to their filters is told from now on. */
  listen(): void;
}

/**
 * Each process keeps filters in its `FilterHomes`, which are bounded: what they forget, the table forgets, too, so that
 * no client fills it. Clients are told by the same keys as there; they never leave the machine.
 */
export function shareFilters(table: FactTable, pools: () => Pick<PoolTable, 'all' | 'find'>): SharedFilters {
  const listen = () => {
    for (const pool of pools().all) tellOf(pool, table);
  };
  listen();
  table.read('filter', (news) => {
    if (!adopt(news, pools())) table.forget(`filter ${news.subject}`);
  });
  return { listen };
}

function tellOf({ identity, filters }: FilterPool, table: FactTable): void {
  const keyOf = (filterId: string) => `filter ${identity.name} ${filterId}`;
  filters.listen({
    lives: (filterId, upstream, client, leftMs) =>
      table.put(keyOf(filterId), { upstream: upstreamKey(upstream), client }, leftMs),
    isForgotten: (filterId) => table.forget(keyOf(filterId)),
  });
}

/** Whether it is kept. */
function adopt({ subject, value, leftMs }: News, pools: Pick<PoolTable, 'find'>): boolean {
  const { upstream: key, client }: Readonly<Record<string, unknown>> = { ...value };
  const blank = subject.indexOf(' ');
  const pool = pools.find(subject.slice(0, blank));
  const upstream = pool?.registry.all.find((each) => upstreamKey(each) === key);
  if (!pool || !upstream || typeof client !== 'string') return false;
  return pool.filters.adopt(subject.slice(blank + 1), upstream, client, leftMs ?? 0);
}
