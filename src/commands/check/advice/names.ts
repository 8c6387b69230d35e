/** Advice on names that nearly are a setting's. */

import { type NearMiss, nearMissText } from '../../../config/sources/near-misses.ts';
import type { Advice } from './advice.ts';

export function adviceOnNames(nearMisses: readonly NearMiss[]): Advice[] {
  return nearMisses.map((nearMiss) => ({
    code: 'setting-name',
    pool: undefined,
    upstreams: [],
    text: nearMissText(nearMiss),
  }));
}
