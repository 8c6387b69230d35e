import { inspect } from 'node:util';
import { type DownReason, type Tier, UpstreamIdentity } from '../events.ts';
import { SecretTexts, secretsOf } from '../secret-texts.ts';
import { RecentMethods } from './recent-methods.ts';
import type { StandingChanges } from './standing-changes.ts';

/** The greatest weight; the least is 1. */
export const MAX_WEIGHT = 1000;

/** What an operator says of one upstream: a line of a list, or the body of an API call. */
export interface UpstreamSpec {
  /** An absolute http: or https: URL without a fragment. May hold secrets. */
  readonly url: URL;
  /** Letters, digits, `.`, `_`, `-`, or the URL's host and port. Unique. */
  readonly name: string;
  readonly tier: Tier;
  /** A whole number from 1 to MAX_WEIGHT. */
  readonly weight: number;
  /** It is out of service from the beginning. */
  readonly draining?: true;
  /** It is sent the client's Host instead of its own. */
  readonly keepsHost?: boolean;
  /** The only authorities whose certificates are taken from it, PEM; the system's without. */
  readonly ca?: { readonly file: string; readonly pem: string };
  /** Its certificate is not verified. */
  readonly insecure?: true;
  /** The header lines that it gets in place of the client's of those names. Secret. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  /** Texts besides those of its URL that nobody may see. */
  readonly secrets?: readonly string[];
}

/** All texts about an upstream that nobody may see, in every form in which they may be written. */
export function secretsOfSpec({ url, secrets = [] }: UpstreamSpec): string[] {
  return [...secretsOf(url), ...secrets];
}

/** How an https: upstream is verified, in Node's words. */
export interface Verification {
  readonly ca?: string;
  readonly rejectUnauthorized: boolean;
}

export interface Down {
  readonly reason: DownReason;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
}

export interface Lagging {
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
}

/**
 * One server that requests are forwarded to: who it is, and its live numbers. Its secrets are no properties of its
 * own, so that neither JSON, nor a copy of it, nor a line of a log shows them.
 */
export class Upstream {
  readonly name: string;
  readonly tier: Tier;
  /** What may be shown of it; announced in its place. No other upstream has the same object, whatever its name. */
  readonly identity: UpstreamIdentity;
  /** Scheme, host and port: what a socket is opened to, and all of the URL that may be shown. */
  readonly origin: string;
  readonly secure: boolean;
  readonly verification: Verification;
  /** Where a socket goes: an address or host name without brackets, and a port. */
  readonly address: { readonly host: string; readonly port: number };
  /** The value of the Host line. */
  readonly host: string;
  readonly #basePath: string;
  readonly #baseQuery: string;
  readonly #authorization: string | undefined;
  readonly #headers: readonly string[];
  /** The names of the lines of its own, in lower case. */
  readonly headerNames: ReadonlySet<string>;
  /** The texts of its URL and of its options that no client may see. */
  readonly secrets: SecretTexts;

  /** It is sent the client's Host instead of its own. */
  readonly keepsHost: boolean;

  weight: number;
  /** Attempts under way. Written by the balancer. */
  inFlight = 0;
  /** Attempts sent since the start. Written by the balancer. */
  attempts = 0;
  /** Attempts that this upstream is to blame for, since the start. Written by the balancer. */
  failures = 0;
  /** Connections opened to carry attempts, since the start. Written by the balancer. */
  connectionsOpened = 0;
  /** When it last answered a request without a fault of its own; monotonic milliseconds. Written by the balancer. */
  answeredMs = Number.NEGATIVE_INFINITY;
  /** What kinds of requests it has answered well since the start. Written by the balancer. */
  readonly answers = { rpc: false, http: false };
  /** The methods that it has answered lately. Written by the balancer. */
  readonly recentMethods = new RecentMethods();

  /** When it last came up, or was added; monotonic milliseconds. Written by the probes. */
  upSinceMs: number;
  /** Calls that checks made, since the start. Written by the probes. */
  probeCalls = 0;
  /** The chain that it said it is on, in decimal; undefined until it was asked. Written by the probes. */
  chainId: string | undefined = undefined;
  /** The number of the newest block that it is known to have. Written by the probes. */
  blockHeight: number | undefined = undefined;
  /** The memory of its process, as it says itself; undefined where it doesn't say. Written by the memory poll. */
  memoryBytes: number | undefined = undefined;
  /** It was removed from its list: what its last attempts bring is of no use. Written by Membership. */
  hasLeft = false;

  /** Told when one of the next three facts changes, once it is in a list. Written by the registry. */
  changes: StandingChanges | undefined = undefined;
  #down: Down | undefined = undefined;
  #lagging: Lagging | undefined = undefined;
  #draining = false;

  constructor(spec: UpstreamSpec, nowMs: number) {
    this.upSinceMs = nowMs;
    const { url } = spec;
    this.name = spec.name;
    this.tier = spec.tier;
    this.identity = new UpstreamIdentity(spec.name, spec.tier);
    this.weight = spec.weight;
    this.#draining = spec.draining ?? false;
    this.keepsHost = spec.keepsHost ?? false;
    this.origin = url.origin;
    this.secure = url.protocol === 'https:';
    this.verification = { rejectUnauthorized: !spec.insecure, ...(spec.ca ? { ca: spec.ca.pem } : {}) };
    this.address = {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port ? Number(url.port) : this.secure ? 443 : 80,
    };
    this.host = url.host;
    this.#basePath = url.pathname;
    this.#baseQuery = url.search.slice(1);
    this.#authorization =
      url.username || url.password
        ? `Basic ${Buffer.from(`${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`).toString('base64')}`
        : undefined;
    this.#headers = spec.headers?.flat() ?? [];
    this.headerNames = new Set(spec.headers?.map(([name]) => name.toLowerCase()));
    this.secrets = new SecretTexts(secretsOfSpec(spec));
  }

  /** Why and since when a probe holds this upstream for dead. Written by the probes. */
  get down(): Down | undefined {
    return this.#down;
  }

  set down(down: Down | undefined) {
    this.#down = down;
    this.changes?.report(down === undefined);
  }

  /** It is too many blocks behind the others: asked after them. Written by the probes. */
  get lagging(): Lagging | undefined {
    return this.#lagging;
  }

  set lagging(lagging: Lagging | undefined) {
    this.#lagging = lagging;
    this.changes?.report(false);
  }

  /** An operator takes it out of service: no new attempts. Written by the operators' calls. */
  get draining(): boolean {
    return this.#draining;
  }

  set draining(draining: boolean) {
    if (draining === this.#draining) return;
    this.#draining = draining;
    this.changes?.report(!draining);
  }

  /** The URL's own path; at least `/`. May hold secrets. */
  get basePath(): string {
    return this.#basePath;
  }

  /** The URL's own query without the question mark; often empty. May hold secrets. */
  get baseQuery(): string {
    return this.#baseQuery;
  }

  /** The Authorization line made of the URL's user-info. Secret. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** The lines that it gets in place of the client's of those names: names and values in turn. Secret. */
  get headers(): readonly string[] {
    return this.#headers;
  }

  toJSON(): UpstreamIdentity {
    return this.identity;
  }

  [inspect.custom](): UpstreamIdentity {
    return this.identity;
  }

  /** The same URL: two of them would be asked as if they were two. */
  isSameServerAs(other: Upstream): boolean {
    return (
      this.origin === other.origin &&
      this.#basePath === other.basePath &&
      this.#baseQuery === other.baseQuery &&
      this.authorization === other.authorization
    );
  }

  /**
   * What this upstream is asked for: its own path, then the given one, byte for byte and joined with one
   * slash (`/` adds nothing); likewise the queries. `path` begins with a slash; `query` has no question mark.
   */
  targetOf({ path, query }: { readonly path: string; readonly query: string | undefined }): string {
    const { basePath, baseQuery } = this;
    let joined = basePath;
    if (basePath === '/') joined = path;
    else if (path !== '/') joined = (basePath.endsWith('/') ? basePath.slice(0, -1) : basePath) + path;
    if (!baseQuery) return query === undefined ? joined : `${joined}?${query}`;
    return query ? `${joined}?${baseQuery}&${query}` : `${joined}?${baseQuery}`;
  }
}
