import { documentationOf } from './documentation.ts';
import { healthSettings } from './health-settings.ts';
import { type Found, shownValue } from './layer.ts';
import type { Key } from './settings.ts';

type DependentKey = 'chainId' | 'maxBlockLag' | 'removeUnhealthyAfterMs';

interface Need {
  readonly key: DependentKey;
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

/** Settings that ask for what the chosen health check can't see: whoever has set them relies on them. */
export function healthProblems(found: ReadonlyMap<Key, Found>): string[] {
  const healthCheck = healthSettings.healthCheck.safeParse(found.get('healthCheck')?.raw);
  if (!healthCheck.success) return [];
  return NEEDS.flatMap(({ key, isMet, needs }) => {
    const written = found.get(key);
    if (!written || isMet(healthCheck.data) || !differsFromDefault(key, written)) return [];
    const { name, default: fallback } = documentationOf(healthSettings[key]);
    const shown = shownValue(written.raw, false);
    return [
      `${name} (${written.source}): ${shown} needs ${needs}; allowed: ${fallback ?? 'not set'} without it`,
    ];
  });
}

/** A value that is refused is a problem of its own. */
function differsFromDefault(key: DependentKey, { raw }: Found): boolean {
  const value = healthSettings[key].safeParse(raw);
  const fallback = healthSettings[key].safeParse(documentationOf(healthSettings[key]).default);
  return value.success && value.data !== fallback.data;
}
