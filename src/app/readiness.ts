/** Whether this process takes requests. */

import type { PoolTable } from '../pools/pool-table.ts';

/** How far the shutdown has come. */
export interface Drain {
  /** `/readyz` answers 503; requests are still accepted. */
  begun: boolean;
  /** New requests are refused. */
  refusing: boolean;
}

/** What `/readyz` says, of all pools or of one; undefined when it is ready. */
export function whyNotReady({ begun }: Drain, pools: PoolTable, name?: string): string | undefined {
  if (begun) return 'draining';
  // An upstream in question counts as usable: otherwise a client could make this process look unready.
  const out = pools
    .select(name)
    .filter(({ availability }) => availability.isOut('primary') && availability.isOut('fallback'));
  if (out.length === 0) return undefined;
  const named = out.flatMap(({ identity: { shown } }) => shown ?? []).join(', ');
  return named === '' ? 'no upstream is usable' : `no upstream is usable in ${named}`;
}
