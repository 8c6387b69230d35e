/** Connects all that a process learns with what others do. */

import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';
import { shareKnowledge } from '../sharing/knowledge.ts';
import { shareBudgets } from '../sharing/share-budgets.ts';
import type { SharedFacts } from './shared-facts.ts';

/** From now on; `pools` are those in force. Returns what ends this. */
export function shareAll(facts: SharedFacts, pools: () => PoolTable, runtime: Runtime): () => void {
  const { table, role, workers, clients: buckets } = facts;
  const knowledge = shareKnowledge({ table, role, pools, runtime });
  const { upstreams } = knowledge;
  const budgets = shareBudgets({ table, role, workers, buckets, upstreams, clock: runtime.clock });
  budgets.start();
  return () => {
    knowledge.stop();
    budgets.stop();
  };
}
