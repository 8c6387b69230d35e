/** Shares how much upstreams take at once. */

import type { Clock } from '../clock.ts';
import type { Announcer, SizeLimit } from '../events.ts';
import type { Capacity, KnownCapacity } from '../upstreams/capacity.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { FactTable, News } from './fact-table.ts';
import type { KnownUpstream, KnownUpstreams } from './known-upstreams.ts';

export interface SizeFactsDependencies {
  readonly table: FactTable;
  readonly upstreams: KnownUpstreams;
  readonly announcer: Announcer;
  readonly clock: Clock;
}

const LIMITS: readonly SizeLimit[] = ['logs_range', 'batch'];

export function shareSizes({ table, upstreams, announcer, clock }: SizeFactsDependencies): void {
  announcer.listen((event) => {
    if (event.type !== 'limit-learnt') return;
    const known = upstreams.of(event.upstream);
    const learnt = known && capacityOf(known.upstream, event.limit).known(clock);
    if (!known || !learnt) return;
    const key = `sizes ${known.key} ${event.limit}`;
    // What another process has announced is the same.
    if (JSON.stringify(table.get(key)) !== JSON.stringify(learnt.capacity))
      table.put(key, learnt.capacity, learnt.leftMs);
  });

  const adopt = ({ upstream }: KnownUpstream, limit: SizeLimit, { value, leftMs }: News): void => {
    const capacity = readCapacity(value);
    if (capacity && leftMs !== null) capacityOf(upstream, limit).adopt(capacity, leftMs, clock);
  };
  upstreams.onJoin((known) => {
    for (const limit of LIMITS) {
      const news = table.newsOf(`sizes ${known.key} ${limit}`);
      if (news) adopt(known, limit, news);
    }
  });
  table.read('sizes', (news) => {
    const [key = '', name] = news.subject.split(' ');
    const known = upstreams.find(key);
    const limit = LIMITS.find((each) => each === name);
    if (known && limit) adopt(known, limit, news);
  });
}

function capacityOf({ capacities }: Upstream, limit: SizeLimit): Capacity {
  return limit === 'batch' ? capacities.batch : capacities.logsRange;
}

function readCapacity(value: object | undefined): KnownCapacity | undefined {
  const { limit, good, bad }: Partial<Record<keyof KnownCapacity, unknown>> = value ?? {};
  if (!isSize(limit, 1) || !isSize(good, 0)) return undefined;
  if (bad !== null && !isSize(bad, 1)) return undefined;
  return { limit, good, bad };
}

function isSize(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least;
}
