/** Makes the limits of a process those of several: tells what it uses of them, and keeps to its share. */

import { createHash } from 'node:crypto';
import type { SharedBuckets } from '../clients/shared-buckets.ts';
import type { Clock } from '../clock.ts';
import type { SharedBudget } from './budget-facts.ts';
import { BudgetSharing } from './budget-sharing.ts';
import type { FactTable } from './fact-table.ts';
import type { Role } from './knowledge.ts';
import type { KnownUpstream, KnownUpstreams } from './known-upstreams.ts';

export interface ShareBudgetsOptions {
  readonly table: FactTable;
  readonly clock: Clock;
  readonly role: Role;
  /** How many workers each first process has; 1 where there are none. */
  readonly workers: number;
  readonly upstreams: Pick<KnownUpstreams, 'all' | 'onJoin'>;
  /** Of the clients that have limits. */
  readonly buckets: SharedBuckets;
}

/** From its `start` on. */
export function shareBudgets(options: ShareBudgetsOptions): BudgetSharing {
  const { upstreams, role } = options;
  const areWorkers = role === 'worker';
  const sharing = new BudgetSharing({
    ...options,
    budgets: () => budgetsOf(upstreams.all),
    // What replicas have in flight is over before the others hear of it.
    inFlight: () => (areWorkers ? inFlightOf(upstreams.all) : new Map()),
    setInFlightElsewhere(counts) {
      for (const { key, upstream } of upstreams.all) upstream.inFlightElsewhere = counts.get(key) ?? 0;
    },
  });
  upstreams.onJoin(() => sharing.refresh());
  return sharing;
}

/** An account is one budget, whatever pools its upstreams are in. */
function budgetsOf(upstreams: Iterable<KnownUpstream>): Iterable<SharedBudget> {
  const byKey = new Map<string, SharedBudget>();
  for (const { key, upstream, pool } of upstreams) {
    const { budget } = upstream;
    if (!budget) continue;
    const { account, pacer, learns } = budget;
    const shared = account === undefined ? key : accountKey(account);
    const others = byKey.get(shared)?.waiting ?? (() => 0);
    const waiting = () => others() + (pool.queue.length === 0 ? 0 : pool.queue.waitingFor(upstream));
    byKey.set(shared, { key: shared, pacer, learns, waiting });
  }
  return byKey.values();
}

function inFlightOf(upstreams: Iterable<KnownUpstream>): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { key, upstream } of upstreams) if (upstream.inFlight > 0) counts.set(key, upstream.inFlight);
  return counts;
}

/** As long as an upstream's. */
const KEY_LENGTH = 32;
const accountKeys = new Map<string, string>();

function accountKey(account: string): string {
  let key = accountKeys.get(account);
  if (key === undefined) {
    key = createHash('sha256').update(`account ${account}`).digest('hex').slice(0, KEY_LENGTH);
    accountKeys.set(account, key);
  }
  return key;
}
