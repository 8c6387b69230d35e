/** Advice on upstreams of one provider, and on what goes over the network in the clear. */

import { isIP, isIPv4 } from 'node:net';
import { isLoopback } from '../../../config/loopback.ts';
import type { FoundPool, FoundUpstream } from '../found.ts';
import { type Advice, advisor, grouped, namesIn, verb } from './advice.ts';

export function adviceOnProviders(pool: FoundPool): Advice[] {
  return [...oneProvider(pool), ...clearText(pool)];
}

/** Of all pools together, as are accounts. Those that have one are left out: their operator has thought of it. */
export function adviceOnAccounts(upstreams: readonly FoundUpstream[]): Advice[] {
  return byProvider(upstreams).flatMap(([provider, those]): Advice[] => {
    if (those.length < 2 || those.every(({ upstream }) => upstream.limits.account !== undefined)) return [];
    const text = `${namesIn(those)} are URLs of one provider (${provider}): if they share a plan, give each account=NAME, since it counts their calls together.`;
    const names = those.map(({ upstream }) => upstream.name);
    return [{ code: 'shared-provider', pool: undefined, upstreams: names, text }];
  });
}

function oneProvider(pool: FoundPool): Advice[] {
  const [only, ...others] = byProvider(pool.upstreams);
  const [provider, those] = only ?? ['', []];
  if (others.length > 0 || those.length < 2 || those.length < pool.upstreams.length) return [];
  const text = `All upstreams are ${provider}’s: when it fails, all do.`;
  return [advisor(pool)('one-provider', those, text)];
}

function clearText(pool: FoundPool): Advice[] {
  const those = pool.upstreams.filter(({ upstream }) => !upstream.secure && isPublic(upstream.address.host));
  if (those.length === 0) return [];
  const text = `${namesIn(those)} ${verb(those, 'is', 'are')} called by http://, so that calls and keys can be read on the way: does https:// work?`;
  return [advisor(pool)('clear-text', those, text)];
}

function byProvider(upstreams: readonly FoundUpstream[]) {
  return grouped(upstreams, ({ upstream }) => providerOf(upstream.address.host));
}

/** Names that are given to machines of one's own. */
const OWN =
  /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|svc|cluster\.local|home\.arpa)$/;
/** Under many country codes names are registered below a second label: `co.uk`, `com.au`. */
const SECOND_LABEL = /^(?:ac|co|com|edu|gov|net|or|org)$/;

/** The part of a host name that its owner has registered; undefined for addresses and names of one's own. */
export function providerOf(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  const labels = name.split('.');
  if (isIP(name) !== 0 || labels.length < 2 || OWN.test(name)) return undefined;
  const [second = '', top = ''] = labels.slice(-2);
  return labels.slice(top.length === 2 && SECOND_LABEL.test(second) ? -3 : -2).join('.');
}

/** Not this machine, nor a private network (RFC 1918, RFC 6598, RFC 4193). */
function isPublic(host: string): boolean {
  if (isIP(host) === 0) return providerOf(host) !== undefined;
  if (isLoopback(host)) return false;
  return isIPv4(host)
    ? !/^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(
        host,
      )
    : !/^(?:f[cd]|fe80)/i.test(host);
}
