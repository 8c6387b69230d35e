import { Resolver } from 'node:dns/promises';
import type { Clock } from '../clock.ts';
import { codeOf } from './dial-failure.ts';
import { HostsFile } from './hosts-file.ts';
import { fullNames, readSearchRules } from './resolv-conf.ts';
import { SystemLanes, type SystemLookUp } from './system-lanes.ts';

/** What a look-up has found: at least one address, and how long that holds. */
export interface Found {
  readonly addresses: readonly string[];
  readonly ttlMs: number;
}

/** Finds the addresses of a host name. Rejects with an error that has a `code`; ends early when `signal` says so. */
export type LookUp = (name: string, signal: AbortSignal) => Promise<Found>;

export interface LookUpOptions {
  readonly clock: Clock;
  readonly hostsFile?: string;
  readonly resolvConf?: string;
  /** `ADDRESS:PORT`; those of the system where they are not given. */
  readonly nameservers?: readonly string[];
  /** The C library's way. */
  readonly system?: SystemLookUp;
}

/** How long an address from a source without a time to live holds. */
const UNTIMED_MS = 10_000;
/** A nameserver's time for its first answer; c-ares doubles it for each further try. */
const FIRST_TRY_MS = 500;
const TRIES = 3;
/** Addresses of one family wait so long for those of the other (RFC 8305, 3, has 50 ms and never waits again). */
const OTHER_FAMILY_MS = 200;

const NO_SUCH_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);
/** No nameserver, as c-ares says it: the C library may know other ways. */
const NO_NAMESERVER = 'ECONNREFUSED';

/**
 * Looks a name up where the C library would, but without its threads: in the hosts file, then by DNS through
 * c-ares, with the search domains of resolv.conf. Only names that DNS does not know are left to the C library
 * (mDNS and whatever else the system has plugged in), a few at a time (docs/decisions/0010).
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
  const lanes = new SystemLanes(system);
  return async (written, signal) => {
    const name = written.toLowerCase();
    const bare = name.replace(/\.$/, '');
    const listed = hosts.find(bare);
    if (listed.length > 0) return { addresses: listed, ttlMs: UNTIMED_MS };
    // RFC 6761, 6.3 and 6.4: these are known without asking anybody.
    if (isWithin('localhost', bare)) return { addresses: ['127.0.0.1', '::1'], ttlMs: UNTIMED_MS };
    if (isWithin('invalid', bare)) throw failure('ENOTFOUND');
    const found = await askAll(fullNames(name, readSearchRules(resolvConf)), dns, signal);
    if ('addresses' in found) return found;
    const mayKnow = NO_SUCH_NAME.has(found.code) || found.code === NO_NAMESERVER;
    const addresses = mayKnow ? await lanes.find(name, signal).catch(() => []) : [];
    if (addresses.length > 0) return { addresses, ttlMs: UNTIMED_MS };
    throw failure(found.code === NO_NAMESERVER ? 'EAI_AGAIN' : found.code);
  };
}

interface Dns {
  readonly clock: Clock;
  readonly nameservers: readonly string[] | undefined;
}

interface Unfound {
  readonly code: string;
}

/** As the C library does: a name that does not exist, or a server that fails, leads to the next; silence ends it. */
async function askAll(names: readonly string[], dns: Dns, signal: AbortSignal): Promise<Found | Unfound> {
  let problem: Unfound | undefined;
  for (const name of names) {
    const found = await askDns(name, dns, signal);
    if ('addresses' in found) return found;
    // What may pass says more than that there is no such name.
    if (!problem || NO_SUCH_NAME.has(problem.code)) problem = found;
    if (found.code === 'ETIMEOUT' || signal.aborted) break;
  }
  return problem ?? { code: 'ENOTFOUND' };
}

/** A resolver for each question, so that it knows today's nameservers and can be stopped. */
async function askDns(
  name: string,
  { clock, nameservers }: Dns,
  signal: AbortSignal,
): Promise<Found | Unfound> {
  const resolver = new Resolver({ timeout: FIRST_TRY_MS, tries: TRIES });
  if (nameservers) resolver.setServers(nameservers);
  const stop = () => resolver.cancel();
  signal.addEventListener('abort', stop, { once: true });
  const families = [
    resolver.resolve6(name, { ttl: true }).catch(toUnfound),
    resolver.resolve4(name, { ttl: true }).catch(toUnfound),
  ];
  let stopTimer = () => {};
  try {
    const first = await Promise.race(families);
    const isEnough = Array.isArray(first) && first.length > 0;
    const late = new Promise<(typeof first)[]>((resolve) => {
      if (isEnough) stopTimer = clock.after(OTHER_FAMILY_MS, () => resolve([first]));
    });
    return join(await Promise.race([Promise.all(families), late]));
  } finally {
    stopTimer();
    signal.removeEventListener('abort', stop);
    stop();
  }
}

type Records = readonly { readonly address: string; readonly ttl: number }[];

function join(answers: readonly (Records | Unfound)[]): Found | Unfound {
  const records: Records[number][] = [];
  const problems: Unfound[] = [];
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

function toUnfound(error: unknown): Unfound {
  return { code: codeOf(error) || 'ESERVFAIL' };
}

function failure(code: string): Error {
  return Object.assign(new Error(`name not found (${code})`), { code });
}

function isWithin(domain: string, name: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
