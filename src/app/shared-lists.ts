/** Connects operators' changes, and filters, with those of other processes. */

import { type OperatorChanges, TOLD_TO_NOBODY } from '../admin/operator-changes.ts';
import type { FactTable } from '../sharing/fact-table.ts';
import { shareFilters } from '../sharing/filter-facts.ts';
import { ListFollower, type ListFollowerOptions } from './list-follower.ts';
import type { ReloadedBy } from './reload.ts';

/** What this process is among those that know the same. */
export interface Sharing {
  readonly table: FactTable;
  /** One without workers, the first of several of this machine, or one of its workers. */
  readonly role: 'alone' | 'first' | 'worker';
}

export interface SharedLists {
  /** Hears of changes that operators make here. */
  readonly told: OperatorChanges;
  /** See `ListFollower.takeOver`. */
  takeOver(): Promise<void>;
  /** To be called in the same step in which settings that were read anew come into force. */
  onReloaded(by: ReloadedBy): void;
}

/** Without `sharing` operators' changes hold here alone. */
export function shareLists(
  sharing: Sharing | undefined,
  options: Omit<ListFollowerOptions, 'table' | 'isWorker'>,
): SharedLists {
  if (!sharing) return { told: TOLD_TO_NOBODY, takeOver: async () => {}, onReloaded: () => {} };
  const { table, role } = sharing;
  const follower = new ListFollower({ ...options, table, isWorker: role === 'worker' });
  // Replicas don't share them: each that comes would have to reach all before its answer does.
  const filters = role === 'alone' ? undefined : shareFilters(table, () => options.service.pools);
  return {
    told: follower.told,
    takeOver: () => follower.takeOver(),
    onReloaded(by) {
      filters?.listen();
      follower.onReloaded(by);
    },
  };
}
