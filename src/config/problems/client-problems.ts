/** What is wrong with the settings about clients beside others. */

import { HIDDEN } from '../../secret-texts.ts';
import type { CheckedPool, CheckedSettings } from '../values.ts';

/** A key that is a pool's path as well would be taken for that. */
export function clientProblems(
  { raw, values }: Pick<CheckedSettings, 'raw' | 'values'>,
  pools: readonly Pick<CheckedPool, 'name'>[],
): string[] {
  const shared = (values.apiKeys ?? []).filter(({ key }) => pools.some(({ name }) => name === key));
  return shared.map(
    ({ name }) =>
      `API_KEYS (${raw.get('apiKeys')?.source}): ${HIDDEN} the key of ${name} is the path of a pool; allowed: another key`,
  );
}
