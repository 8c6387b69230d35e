/** Finds settings that need another health check than the chosen one. */

import { shownValue } from '../secrecy.ts';
import { settingName } from '../sources/pool-names.ts';
import { type CheckedPool, DEFAULTS } from '../values.ts';

interface Requirement {
  readonly key: 'chainId' | 'maxBlockLag' | 'removeUnhealthyAfterMs';
  readonly isMet: (healthCheck: string) => boolean;
  /** What it needs, given the name of the setting that says how the upstreams are checked. */
  readonly needs: (setting: string) => string;
}

const usesRpc = (healthCheck: string) => healthCheck === 'rpc';

const REQUIREMENTS: readonly Requirement[] = [
  { key: 'chainId', isMet: usesRpc, needs: (setting) => `${setting}=rpc` },
  { key: 'maxBlockLag', isMet: usesRpc, needs: (setting) => `${setting}=rpc` },
  {
    key: 'removeUnhealthyAfterMs',
    isMet: (healthCheck) => healthCheck !== 'off',
    needs: (setting) => `a ${setting} other than off`,
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
    const isUnmetByAll = unmet.length === pools.length;
    const problems = unmet.flatMap(({ name: pool, raw, own, values }) => {
      const isDefault = values[key] === undefined || values[key] === DEFAULTS[key];
      const stated = isUnmetByAll ? raw.get(key) : own.get(key);
      if (!stated || isDefault) return [];
      const check = settingName('HEALTH_CHECK', own.has('healthCheck') ? pool : undefined);
      return [
        `${stated.name} (${stated.source}): ${shownValue(stated.value)} needs ${needs(check)}: set that, or leave ${stated.name} out`,
      ];
    });
    return [...new Set(problems)];
  });
}
