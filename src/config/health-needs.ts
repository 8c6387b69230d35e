import { shownValue } from './layer.ts';
import { SETTINGS } from './settings.ts';
import { type Checked, DEFAULTS } from './values.ts';

/** Settings that ask for what the chosen health check can't see: whoever has set them relies on them. */

interface Need {
  readonly key: 'chainId' | 'maxBlockLag' | 'removeUnhealthyAfterMs';
  readonly isMet: (healthCheck: string) => boolean;
  readonly needs: string;
}

const usesRpc = (healthCheck: string) => healthCheck === 'rpc';

const NEEDS: readonly Need[] = [
  { key: 'chainId', isMet: usesRpc, needs: 'HEALTH_CHECK=rpc' },
  { key: 'maxBlockLag', isMet: usesRpc, needs: 'HEALTH_CHECK=rpc' },
  {
    key: 'removeUnhealthyAfterMs',
    isMet: (healthCheck) => healthCheck !== 'off',
    needs: 'a HEALTH_CHECK other than off',
  },
];

/** A value that is refused is a problem of its own. */
export function healthProblems({ found, values }: Checked): string[] {
  const { healthCheck } = values;
  if (healthCheck === undefined) return [];
  return NEEDS.flatMap(({ key, isMet, needs }) => {
    const written = found.get(key);
    const setting = SETTINGS.find((each) => each.key === key);
    const isDefault = values[key] === undefined || values[key] === DEFAULTS[key];
    if (!written || !setting || isMet(healthCheck) || isDefault) return [];
    const shown = shownValue(written.raw);
    return [
      `${setting.name} (${written.source}): ${shown} needs ${needs}; allowed: ${setting.default ?? 'not set'} without it`,
    ];
  });
}
