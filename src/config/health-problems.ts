/** Finds settings that need another health check than the chosen one. */

import { shownValue } from './secrecy.ts';
import { SETTINGS } from './settings.ts';
import { type CheckedSettings, DEFAULTS } from './values.ts';

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

/** Whoever sets such a setting relies on it. A value that was refused is a problem reported elsewhere. */
export function healthProblems({ raw, values }: CheckedSettings): string[] {
  const { healthCheck } = values;
  if (healthCheck === undefined) return [];
  return REQUIREMENTS.flatMap(({ key, isMet, needs }) => {
    const given = raw.get(key);
    const setting = SETTINGS.find((each) => each.key === key);
    const isDefault = values[key] === undefined || values[key] === DEFAULTS[key];
    if (!given || !setting || isMet(healthCheck) || isDefault) return [];
    const shown = shownValue(given.value);
    return [
      `${setting.name} (${given.source}): ${shown} needs ${needs}; allowed: ${setting.default ?? 'not set'} without it`,
    ];
  });
}
