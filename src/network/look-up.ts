/** Looks up the addresses of host names, as the C library does but without its threads. */

import { Resolver } from 'node:dns/promises';
import type { Clock } from '../clock.ts';
import { codeOf } from './dial-failure.ts';
import { HostsFile } from './hosts-file.ts';
import { fullNames, readSearchRules } from './resolv-conf.ts';
import { type SystemLookUp, SystemResolver } from './system-resolver.ts';

/** The result of a look-up: at least one address, and how long it is valid. */
export interface Found {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

/** Finds the addresses of a host name. Rejects with an error that has a `code`; ends early when `signal` is aborted. */
export type LookUp = (name: string, signal: AbortSignal) => Promise<Found>;

export interface LookUpOptions {
  readonly clock: Clock;
  readonly hostsFile?: string;
  readonly resolvConf?: string;
  /** `ADDRESS:PORT`; by default those of the system. */
  readonly nameservers?: readonly string[];
  /** The C library's look-up. */
  readonly system?: SystemLookUp;
}

/** How long an address is valid that comes from a source without a time to live. */
const DEFAULT_TTL_MS = 10_000;
/** A nameserver's time for the first try; c-ares doubles it for each further one. */
const FIRST_TRY_MS = 500;
const TRIES = 3;
/** Addresses of one family wait this long for those of the other (RFC 8305, 3, has 50 ms and never waits again). */
const OTHER_FAMILY_MS = 200;

const NO_SUCH_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
/** What c-ares reports when there is no nameserver: the C library may have other sources. */
const NO_NAMESERVER = 'ECONNREFUSED';

/**
 * Looks in the hosts file, then in DNS through c-ares, with the search domains of resolv.conf. Only names that DNS
 * does not know are left to the C library (mDNS and whatever else is configured), a few at a time
 * (docs/decisions/0010).
 */
export function createLookUp({
  clock,
  hostsFile = '/etc/hosts',
  resolvConf = '/etc/resolv.conf',
  nameservers,
  system,
}: LookUpOptions): LookUp {
  const hosts = new HostsFile(hostsFile);
  const dns = { clock, nameservers };
  const resolver = new SystemResolver(system);
  return async (hostName, signal) => {
    const name = hostName.toLowerCase();
    const bare = name.replace(/\.$/, '');
    const listed = hosts.find(bare);
    if (listed.length > 0) return { addresses: listed, ttlMs: DEFAULT_TTL_MS };
    // RFC 6761, 6.3 and 6.4: these are known without a query.
    if (isWithin('localhost', bare)) return { addresses: ['127.0.0.1', '::1'], ttlMs: DEFAULT_TTL_MS };
    if (isWithin('invalid', bare)) throw failure('ENOTFOUND');
    const found = await queryNames(fullNames(name, readSearchRules(resolvConf)), dns, signal);
    if ('addresses' in found) return found;
    const systemMayKnow = NO_SUCH_NAME.has(found.code) || found.code === NO_NAMESERVER;
    const addresses = systemMayKnow ? await resolver.find(name, signal).catch(() => []) : [];
    if (addresses.length > 0) return { addresses, ttlMs: DEFAULT_TTL_MS };
    throw failure(found.code === NO_NAMESERVER ? 'EAI_AGAIN' : found.code);
  };
}

interface Dns {
  readonly clock: Clock;
  readonly nameservers: readonly string[] | undefined;
}

interface NotFound {
  readonly code: string;
}

/** As in the C library, a missing name or a failing server leads to the next name, and a timeout ends the search. */
async function queryNames(
  names: readonly string[],
  dns: Dns,
  signal: AbortSignal,
): Promise<Found | NotFound> {
  let problem: NotFound | undefined;
  for (const name of names) {
    const found = await queryDns(name, dns, signal);
    if ('addresses' in found) return found;
    // A temporary failure says more than that there is no such name.
    if (!problem || NO_SUCH_NAME.has(problem.code)) problem = found;
    if (found.code === 'ETIMEOUT' || signal.aborted) break;
  }
  return problem ?? { code: 'ENOTFOUND' };
}

/** A new resolver for each query, so that it has the current nameservers and can be cancelled. */
async function queryDns(
  name: string,
  { clock, nameservers }: Dns,
  signal: AbortSignal,
): Promise<Found | NotFound> {
  const resolver = new Resolver({ timeout: FIRST_TRY_MS, tries: TRIES });
  if (nameservers) resolver.setServers(nameservers);
  const stop = () => resolver.cancel();
  signal.addEventListener('abort', stop, { once: true });
  const families = [
    resolver.resolve6(name, { ttl: true }).catch(toNotFound),
    resolver.resolve4(name, { ttl: true }).catch(toNotFound),
  ];
  let stopTimer = () => {};
  try {
    const first = await Promise.race(families);
    const hasAddresses = Array.isArray(first) && first.length > 0;
    const timeout = new Promise<(typeof first)[]>((resolve) => {
      if (hasAddresses) stopTimer = clock.after(OTHER_FAMILY_MS, () => resolve([first]));
    });
    return join(await Promise.race([Promise.all(families), timeout]));
  } finally {
    stopTimer();
    signal.removeEventListener('abort', stop);
    stop();
  }
}

type Records = readonly { readonly address: string; readonly ttl: number }[];

function join(answers: readonly (Records | NotFound)[]): Found | NotFound {
  const records: Records[number][] = [];
  const problems: NotFound[] = [];
  for (const answer of answers) {
    if ('code' in answer) problems.push(answer);
    else records.push(...answer);
  }
  if (records.length > 0) {
    const ttlMs = Math.min(...records.map(({ ttl }) => ttl)) * 1_000;
    return { addresses: records.map(({ address }) => address), ttlMs };
  }
  return problems.find(({ code }) => !NO_SUCH_NAME.has(code)) ?? problems[0] ?? { code: 'ENODATA' };
}

function toNotFound(error: unknown): NotFound {
  return { code: codeOf(error) || 'ESERVFAIL' };
}

function failure(code: string): Error {
  return Object.assign(new Error(`name not found (${code})`), { code });
}

function isWithin(domain: string, name: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
