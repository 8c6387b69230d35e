/** What a process shares with others. */

import { randomBytes } from 'node:crypto';
import { SharedBuckets } from '../clients/shared-buckets.ts';
import type { Clock } from '../clock.ts';
import { FactTable } from '../sharing/fact-table.ts';
import type { Role } from '../sharing/knowledge.ts';

/** All that this process and others know, and what it is among them. */
export interface SharedFacts {
  readonly table: FactTable;
  readonly role: Role;
  /** How many workers this first process, or that of this worker, has; 1 where there are none. */
  readonly workers: number;
  /** What clients have used up here of limits that are those of all. */
  readonly clients: SharedBuckets;
}

const ORIGIN_BYTES = 8;

/** That of a process which is no worker: no other one has its origin, ever. */
export function createTable(clock: Clock): FactTable {
  return new FactTable({ clock, origin: randomBytes(ORIGIN_BYTES).toString('hex') });
}

/** `table` is that of this process, `place` that of a worker among those of its first process. */
export function createFacts(parts: Omit<SharedFacts, 'clients'>, place = 0): SharedFacts {
  const { role, workers } = parts;
  return { ...parts, clients: new SharedBuckets(role === 'worker' ? workers : 1, place) };
}
