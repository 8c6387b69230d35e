/** An upstream as an operator describes it. */

import type { Tier } from '../events.ts';
import type { BudgetSpec } from '../pacing/budget.ts';
import { secretsOf } from '../secret-texts.ts';

/** The greatest weight; the least is 1. */
export const MAX_WEIGHT = 1000;

/** One upstream as an operator describes it: an entry of a list, or the body of an API call. */
export interface UpstreamSpec extends BudgetSpec {
  /** An absolute http: or https: URL without a fragment. May hold secrets. */
  readonly url: URL;
  /** Letters, digits, `.`, `_`, `-`, or the URL's host and port. Unique. */
  readonly name: string;
  readonly tier: Tier;
  /** What the path of its pool says; undefined for the pool without a path. */
  readonly pool?: string;
  /** A whole number from 1 to MAX_WEIGHT. */
  readonly weight: number;
  /** It starts out of service. */
  readonly draining?: true;
  /** It gets the client's Host instead of its own. */
  readonly keepsHost?: boolean;
  /** The only authorities, in PEM form, whose certificates it may have; without this the system's. */
  readonly ca?: { readonly file: string; readonly pem: string };
  /** Its certificate is not verified. */
  readonly insecure?: true;
  /** The headers that it gets, which replace the client's of those names. Secret. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Texts that nobody may see, other than those in its URL. */
  readonly secrets?: readonly string[];
}

/** All texts about an upstream that nobody may see, in every form that they may be written in. */
export function secretsOfSpec({ url, secrets = [] }: UpstreamSpec): string[] {
  return [...secretsOf(url), ...secrets];
}

/** How an https: upstream is verified, as options of node:tls. */
export interface Verification {
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
}

/** What of an upstream became another one when the lists were read anew. */
export interface UpstreamChange {
  /** Its name, tier or weight, or whether it is out of service. */
  readonly isSeen: boolean;
  readonly limits: boolean;
  readonly verification: boolean;
  readonly headers: boolean;
}

/** `now` is what operators have made of `before`, which it was told at last. */
export function changeBetween(
  before: UpstreamSpec,
  now: Pick<UpstreamSpec, 'name' | 'tier' | 'weight'> & { readonly draining: boolean },
  after: UpstreamSpec,
): UpstreamChange {
  const isSame = now.name === after.name && now.tier === after.tier && now.weight === after.weight;
  return {
    isSeen: !isSame || now.draining !== (after.draining ?? false),
    limits: before.rps !== after.rps || before.account !== after.account,
    verification: before.insecure !== after.insecure || before.ca?.pem !== after.ca?.pem,
    headers: JSON.stringify(before.headers) !== JSON.stringify(after.headers),
  };
}

/** An address or host name without brackets, and a port. */
export function addressOf({ protocol, hostname, port }: URL): { host: string; port: number } {
  const standard = protocol === 'https:' ? 443 : 80;
  return { host: hostname.replace(/^\[(.*)\]$/, '$1'), port: port ? Number(port) : standard };
}

/** See `Upstream.targetOf`. */
export function joinedTarget(
  { basePath, baseQuery }: { readonly basePath: string; readonly baseQuery: string },
  { path, query }: { readonly path: string; readonly query: string | undefined },
): string {
  let joined = basePath;
  if (basePath === '/') joined = path;
  else if (path !== '/') joined = (basePath.endsWith('/') ? basePath.slice(0, -1) : basePath) + path;
  if (!baseQuery) return query === undefined ? joined : `${joined}?${query}`;
  return query ? `${joined}?${baseQuery}&${query}` : `${joined}?${baseQuery}`;
}

/** The Authorization header that a URL's user-info asks for. Secret. */
export function authorizationOf({ username, password }: URL): string | undefined {
  if (!username && !password) return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** A copy: V8 keeps a piece of a longer text, here of the URL, as a reference into it, and each log line reads slower. */
export function flat(text: string): string {
  return Buffer.from(text).toString();
}

export function limitsOf({ rps, account }: UpstreamSpec): BudgetSpec {
  return { ...(rps === undefined ? {} : { rps }), ...(account === undefined ? {} : { account }) };
}

export function verificationOf({ insecure, ca }: UpstreamSpec): Verification {
  return { rejectUnauthorized: !insecure, ...(ca ? { ca: ca.pem } : {}) };
}

export function namesOf({ headers }: UpstreamSpec): ReadonlySet<string> {
  return new Set(headers?.map(([name]) => name.toLowerCase()));
}
