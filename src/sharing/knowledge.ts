/** Connects what a process finds out about upstreams with what others do. */

import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';
import type { FactTable } from './fact-table.ts';
import { shareFilters } from './filter-facts.ts';
import { KnownUpstreams } from './known-upstreams.ts';
import { shareQuarantines } from './quarantine-facts.ts';
import { shareQuestions } from './question-facts.ts';
import { shareSizes } from './size-facts.ts';
import { followStandings, tellStandings } from './standing-facts.ts';

/** `alone` serves without workers, `first` has workers and serves nobody itself. */
export type Role = 'alone' | 'first' | 'worker';

export interface KnowledgeDependencies {
  readonly table: FactTable;
  /** Those in force. */
  readonly pools: () => PoolTable;
  readonly runtime: Runtime;
  readonly role: Role;
}

export interface Knowledge {
  readonly upstreams: KnownUpstreams;
  /** Ends what it does by itself. */
  stop(): void;
}

/** From now on; what the table knows already holds at once. */
export function shareKnowledge({ table, pools, runtime, role }: KnowledgeDependencies): Knowledge {
  const { announcer, clock } = runtime;
  const upstreams = new KnownUpstreams(pools, announcer);
  const dependencies = { table, upstreams, announcer, clock };
  shareQuarantines({ ...dependencies, nowMs: () => clock.monotonicMs() });
  shareSizes(dependencies);
  if (role !== 'alone') {
    shareFilters(table, upstreams);
    shareQuestions(table, upstreams);
  }
  let stop = () => {};
  if (role === 'first') stop = tellStandings(dependencies);
  else if (role === 'worker') followStandings(dependencies);
  return { upstreams, stop: () => stop() };
}
