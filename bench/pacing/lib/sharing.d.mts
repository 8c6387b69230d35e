import type { SharedBuckets } from '../../../src/clients/shared-buckets.ts';
import type { Pacer, PacerOptions } from '../../../src/pacing/pacer.ts';
import type { BudgetSharing } from '../../../src/sharing/budget-sharing.ts';
import type { FactTable } from '../../../src/sharing/fact-table.ts';
import type { MakeTogether } from './replicas.d.mts';

interface Parts {
  readonly Pacer: typeof Pacer;
  readonly FactTable: typeof FactTable;
  readonly BudgetSharing: typeof BudgetSharing;
  readonly SharedBuckets: typeof SharedBuckets;
}

interface SharingOptions {
  /** Whether messages between replicas arrive. */
  readonly isUp?: () => boolean;
  readonly options?: PacerOptions;
}

export function sharingPacers(
  parts: Parts,
  shape: 'workers' | 'replicas',
  options?: SharingOptions,
): MakeTogether & { readonly count: { messages: number } };
