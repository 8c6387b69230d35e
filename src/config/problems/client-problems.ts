/** What is wrong with the settings about clients beside others. */

import { HIDDEN } from '../../secret-texts.ts';
import type { CheckedPool, CheckedSettings } from '../values.ts';

/** Not to be told from a key in a path. */
const STATUS_PATHS: ReadonlySet<string> = new Set(['stats', 'healthz', 'readyz']);

/** A key that is a pool's path as well would be taken for that. */
export function clientProblems(
  { raw, values }: Pick<CheckedSettings, 'raw' | 'values'>,
  pools: readonly Pick<CheckedPool, 'name'>[],
): string[] {
  const shared = (values.apiKeys ?? []).filter(
    ({ key }) => STATUS_PATHS.has(key) || pools.some(({ name }) => name === key),
  );
  return shared.map(
    ({ name }) =>
      `API_KEYS (${raw.get('apiKeys')?.source}): ${HIDDEN} the key of ${name} is the path of a pool, or one of our own; allowed: any other`,
  );
}
