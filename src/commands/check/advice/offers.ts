/** Advice on what upstreams offer, and where they differ. */

import { knownValue } from '../finding.ts';
import type { FoundPool } from '../found.ts';
import { type Advice, advisor, grouped, namesIn, verb, withCommas } from './advice.ts';

/** Whose limit is below that has a plan that hardly allows to look for logs. */
const FEW_BLOCKS = 1_000;

export function adviceOnOffers(pool: FoundPool): Advice[] {
  return [...logs(pool), ...batches(pool), ...archives(pool), ...webSockets(pool)];
}

function logs(pool: FoundPool): Advice[] {
  const few = grouped(pool.upstreams, ({ examined }) => {
    const most = knownValue(examined.logsRange)?.most;
    return most !== undefined && most < FEW_BLOCKS ? most : undefined;
  });
  return few.map(([most, those]) => {
    const takes = `${namesIn(those)} ${verb(those, 'takes', 'take')}`;
    const range = `at most ${withCommas(most)} ${most === 1 ? 'block' : 'blocks'} of logs`;
    const text =
      most === 0
        ? `${takes} no eth_getLogs: such calls go to the others.`
        : `${takes} ${range} (a free tier?): calls for more go to the others, or in pieces.`;
    return advisor(pool)('logs-range', those, text);
  });
}

function batches(pool: FoundPool): Advice[] {
  const those = pool.upstreams.filter(({ examined }) => knownValue(examined.batch)?.most === 0);
  if (those.length === 0) return [];
  const text = `${namesIn(those)} ${verb(those, 'takes', 'take')} no batches: they go to the others, or call by call.`;
  return [advisor(pool)('batch-refused', those, text)];
}

function archives(pool: FoundPool): Advice[] {
  const has = (state: boolean) =>
    pool.upstreams.filter(({ examined }) => knownValue(examined.archive)?.has === state);
  const [full, pruned] = [has(true), has(false)];
  if (full.length === 0 || pruned.length === 0) return [];
  const text = `Old states are only at ${namesIn(full)}: calls for them move on there from ${namesIn(pruned)}.`;
  return [advisor(pool)('archive-differs', pruned, text)];
}

function webSockets(pool: FoundPool): Advice[] {
  const that = (accepts: boolean) =>
    pool.upstreams.filter(
      ({ examined: { server, webSocket } }) =>
        server.kind === 'ethereum' && knownValue(webSocket)?.accepts === accepts,
    );
  const [accepting, refusing] = [that(true), that(false)];
  if (accepting.length === 0 || refusing.length === 0) return [];
  const text = `WebSockets go to ${namesIn(accepting)} only: ${namesIn(refusing)} ${verb(refusing, 'accepts', 'accept')} none at the URL that is set.`;
  return [advisor(pool)('websocket-differs', refusing, text)];
}
