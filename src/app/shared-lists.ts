/** Connects operators' changes with those in other processes. */

import { type OperatorChanges, TOLD_TO_NOBODY } from '../admin/operator-changes.ts';
import { ListFollower, type ListFollowerOptions } from './list-follower.ts';
import type { ReloadedBy } from './reload.ts';
import type { SharedFacts } from './shared-facts.ts';

export interface SharedLists {
  /** Hears of changes that operators make here. */
  readonly told: OperatorChanges;
  /** See `ListFollower.takeOver`. */
  takeOver(): Promise<void>;
  /** To be called in the same step in which settings that were read anew come into force. */
  onReloaded(by: ReloadedBy): void;
}

/** Where nothing is shared operators' changes hold here alone. */
export function shareLists(
  facts: SharedFacts | undefined,
  options: Omit<ListFollowerOptions, 'table' | 'isWorker'>,
): SharedLists {
  if (!facts) return { told: TOLD_TO_NOBODY, takeOver: async () => {}, onReloaded: () => {} };
  const { table, role } = facts;
  const follower = new ListFollower({ ...options, table, isWorker: role === 'worker' });
  return {
    told: follower.told,
    takeOver: () => follower.takeOver(),
    onReloaded: (by) => follower.onReloaded(by),
  };
}
