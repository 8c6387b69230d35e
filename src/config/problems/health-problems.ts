/** Finds settings that need another health check than the chosen one. */

import { shownValue } from '../secrecy.ts';
import { SETTINGS } from '../table/settings.ts';
import { type CheckedPool, DEFAULTS } from '../values.ts';

interface Requirement {
  readonly key: 'chainId' | 'maxBlockLag' | 'removeUnhealthyAfterMs';
  readonly isMet: (healthCheck: string) => boolean;
  readonly needs: string;
}

const usesRpc = (healthCheck: string) => healthCheck === 'rpc';

const REQUIREMENTS: readonly Requirement[] = [
  { key: 'chainId', isMet: usesRpc, needs: 'HEALTH_CHECK=rpc' },
  { key: 'maxBlockLag', isMet: usesRpc, needs: 'HEALTH_CHECK=rpc' },
  {
    key: 'removeUnhealthyAfterMs',
    isMet: (healthCheck) => healthCheck !== 'off',
    needs: 'a HEALTH_CHECK other than off',
  },
];

/**
 * Whoever sets such a setting relies on it: for one pool, or for all, of which one at least must make use of it. A value
 * that was refused is a problem reported elsewhere.
 */
export function healthProblems(pools: readonly CheckedPool[]): string[] {
  return REQUIREMENTS.flatMap((requirement) => {
    const { key, isMet, needs } = requirement;
    const unmet = pools.filter(
      ({ values }) => values.healthCheck !== undefined && !isMet(values.healthCheck),
    );
    const setting = SETTINGS.find((each) => each.key === key);
    const isUnmetByAll = unmet.length === pools.length;
    const given = unmet.flatMap(({ raw, own, values }) => {
      const isDefault = values[key] === undefined || values[key] === DEFAULTS[key];
      const stated = isUnmetByAll ? raw.get(key) : own.get(key);
      return stated && !isDefault ? [stated] : [];
    });
    return [...new Set(given)].map(
      ({ name, source, value }) =>
        `${name} (${source}): ${shownValue(value)} needs ${needs}; allowed: ${setting?.default ?? 'not set'} without it`,
    );
  });
}
