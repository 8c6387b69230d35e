/** What the check advises: from what was found to sentences. Pure. */

import type { Found } from '../found.ts';
import type { Advice } from './advice.ts';
import { adviceOnNames } from './names.ts';
import { adviceOnOffers } from './offers.ts';
import { adviceOnPool } from './pool.ts';
import { adviceOnAccounts, adviceOnProviders } from './providers.ts';
import { adviceOnTrouble } from './trouble.ts';

/** The most urgent first, pool by pool; nothing of it says that the check has failed. */
export function adviceOn(found: Found): Advice[] {
  return [
    ...adviceOnNames(found.nearMisses),
    ...found.pools.flatMap((pool) => [
      ...adviceOnTrouble(pool),
      ...adviceOnOffers(pool),
      ...adviceOnProviders(pool),
      ...adviceOnPool(pool),
    ]),
    ...adviceOnAccounts(found.pools.flatMap(({ upstreams }) => upstreams)),
  ];
}
