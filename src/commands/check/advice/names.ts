/** Advice on names that nearly are a setting's. */

import type { NearMiss } from '../../../config/sources/near-misses.ts';
import type { Advice } from './advice.ts';

export function adviceOnNames(nearMisses: readonly NearMiss[]): Advice[] {
  return nearMisses.map((nearMiss) => ({
    code: 'setting-name',
    pool: undefined,
    upstreams: [],
    text: nearMissText(nearMiss),
  }));
}

/** Also told where the settings are wrong: it may be why. */
export function nearMissText({ name, source, meant }: NearMiss): string {
  return `${name} (${source}) is no setting and has no effect; did you mean ${meant}?`;
}
