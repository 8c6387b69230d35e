/** Advice on how a pool is set up. */

import { settingName } from '../../../config/sources/pool-names.ts';
import type { FoundPool } from '../found.ts';
import { type Advice, advisor } from './advice.ts';

export function adviceOnPool(pool: FoundPool): Advice[] {
  return [...spares(pool), ...probe(pool)];
}

function spares(pool: FoundPool): Advice[] {
  const { upstreams, settings } = pool;
  const [only] = upstreams;
  if (only && upstreams.length === 1)
    return [
      advisor(pool)('one-upstream', upstreams, `There is one upstream only: when it fails, nobody is left.`),
    ];
  if (upstreams.some(({ upstream }) => upstream.tier === 'fallback')) return [];
  const setting = settingName('FALLBACK_RPC_URLS', settings.name);
  return [
    advisor(pool)('no-fallback', [], `There is no fallback: ${setting} is asked when all primaries fail.`),
  ];
}

/** Where all are Ethereum nodes, as far as they have said what they are. */
function probe(pool: FoundPool): Advice[] {
  const { upstreams, settings } = pool;
  const told = upstreams.filter(({ examined: { server } }) =>
    ['ethereum', 'json-rpc', 'http'].includes(server.kind),
  );
  const isRpc = told.length > 0 && told.every(({ examined }) => examined.server.kind === 'ethereum');
  if (!isRpc || settings.healthCheck === 'rpc') return [];
  const set = `${settingName('HEALTH_CHECK', settings.name)}=rpc`;
  const text = `All are Ethereum nodes: ${set} would notice one that lags, is on another chain or answers no calls; HEALTH_CHECK=${settings.healthCheck} does not.`;
  return [advisor(pool)('probe', told, text)];
}
