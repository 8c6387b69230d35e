/** One server that requests are forwarded to. */

import { inspect } from 'node:util';
import { type PoolIdentity, type Tier, UpstreamIdentity } from '../events.ts';
import type { Budget, BudgetSpec } from '../pacing/budget.ts';
import { SecretTexts } from '../secret-texts.ts';
import { Capacities } from './capacity.ts';
import type { Down, Lagging, Slow } from './facts.ts';
import { RecentMethods } from './recent-methods.ts';
import { RefusedMethods } from './refused-methods.ts';
import { keepSecretsOf } from './secrets-behind.ts';
import type { StandingChanges } from './standing-changes.ts';
import {
  addressOf,
  authorizationOf,
  changeBetween,
  flat,
  joinedTarget,
  limitsOf,
  namesOf,
  secretsOfSpec,
  type UpstreamChange,
  type UpstreamSpec,
  type Verification,
  verificationOf,
} from './upstream-spec.ts';

export { MAX_WEIGHT, secretsOfSpec, type UpstreamSpec } from './upstream-spec.ts';

let made = 0;

/**
 * Its identity and its live numbers. Its secrets are not own properties, so that neither JSON nor a copy of it nor a log
 * line shows them.
 */
export class Upstream {
  /** No other one has it, and it stays when the name changes. Without blanks. */
  readonly id = String(made++);
  /** What may be shown of it; announced in its place. No other upstream has the same object, even one of the same name. */
  readonly identity: UpstreamIdentity;
  /** Scheme, host and port: what a connection is opened to, and all of the URL that may be shown. */
  readonly origin: string;
  readonly secure: boolean;
  verification: Verification;
  /** Where a connection goes: an address or host name without brackets, and a port. */
  readonly address: { readonly host: string; readonly port: number };
  /** The value of the Host header. */
  readonly host: string;
  readonly #basePath: string;
  readonly #baseQuery: string;
  readonly #authorization: string | undefined;
  /** This and the next five are what its operator says of it, and written by `reconfigure`. */
  #spec: UpstreamSpec;
  #headers: readonly string[];
  /** The names of its own headers, in lower case. */
  headerNames: ReadonlySet<string>;
  /** The texts in its URL and its options that no client may see. */
  secrets: SecretTexts;
  /** It gets the client's Host instead of its own. */
  keepsHost: boolean;
  limits: BudgetSpec;
  /** What it may be sent; undefined when nothing limits it. Written by the pool, before it is used. */
  budget: Budget | undefined = undefined;
  weight: number;
  /** Attempts under way. Written by the balancer. */
  inFlight = 0;
  /** Those of other processes of this machine, as they told last. Written by what shares. */
  inFlightElsewhere = 0;
  /** Attempts sent since the start. Written by the balancer. */
  attempts = 0;
  /** Attempts that this upstream is to blame for, since the start. Written by the balancer. */
  failures = 0;
  /** Connections opened to carry attempts, since the start. Written by the balancer. */
  connectionsOpened = 0;
  /** When it last answered a request without a fault of its own; monotonic milliseconds. Written by the balancer. */
  answeredMs = Number.NEGATIVE_INFINITY;
  /** When a request last tried it while it was out, or failed there; monotonic milliseconds. Written by the balancer. */
  triedMs = Number.NEGATIVE_INFINITY;
  /** Which kinds of requests it has answered well since the start. Written by the balancer. */
  readonly answers = { rpc: false, http: false };
  /** The methods that it has answered lately. Written by the balancer. */
  readonly recentMethods = new RecentMethods();
  /** Whether a rate limit is that of one method. Written by the balancer. */
  readonly refusedMethods = new RefusedMethods();
  /** How much it takes at once, as far as that was learnt. Written by the balancer. */
  readonly capacities = new Capacities();

  /** When it last came up, or was added; monotonic milliseconds. Written by the probes. */
  upSinceMs: number;
  /** Calls made by checks since the start. Written by the probes. */
  probeCalls = 0;
  /** The chain that it says it is on, in decimal; undefined until it has answered. Written by the probes. */
  chainId: string | undefined = undefined;
  /** The number of the newest block that it is known to have. Written by the probes. */
  blockHeight: number | undefined = undefined;
  /** The memory of its process as it reports it; undefined if it doesn't. Written by the memory poll. */
  memoryBytes: number | undefined = undefined;
  /** It was removed from its list: the results of its last attempts don't count. Written by Membership. */
  hasLeft = false;
  /** Notified when one of the next four facts changes, once it is in a list. Written by the registry. */
  changes: StandingChanges | undefined = undefined;
  #down: Down | undefined = undefined;
  #lagging: Lagging | undefined = undefined;
  #slow: Slow | undefined = undefined;
  #draining = false;

  constructor(spec: UpstreamSpec, nowMs: number, pool?: PoolIdentity) {
    this.upSinceMs = nowMs;
    this.#spec = spec;
    const { url } = spec;
    this.identity = new UpstreamIdentity(flat(spec.name), spec.tier, pool);
    this.weight = spec.weight;
    this.#draining = spec.draining ?? false;
    this.keepsHost = spec.keepsHost ?? false;
    this.limits = limitsOf(spec);
    this.origin = url.origin;
    this.secure = url.protocol === 'https:';
    this.verification = verificationOf(spec);
    this.address = addressOf(url);
    this.host = url.host;
    this.#basePath = url.pathname;
    this.#baseQuery = url.search.slice(1);
    this.#authorization = authorizationOf(url);
    this.#headers = spec.headers?.flat() ?? [];
    this.headerNames = namesOf(spec);
    this.secrets = new SecretTexts(secretsOfSpec(spec));
    keepSecretsOf(this);
  }

  get name(): string {
    return this.identity.name;
  }

  get tier(): Tier {
    return this.identity.tier;
  }

  /** Its whole URL, by which it is known when the lists are read anew. Secret. */
  get url(): string {
    return this.#spec.url.href;
  }

  /** Its operator says something else of it, with the same URL. Reports no change of its standing: many change at once. */
  reconfigure(spec: UpstreamSpec): UpstreamChange {
    const { identity } = this;
    const before = this.#spec;
    const change = changeBetween(before, this, spec);
    this.#spec = spec;
    if (identity.name !== spec.name) identity.name = flat(spec.name);
    identity.tier = spec.tier;
    this.weight = spec.weight;
    this.#draining = spec.draining ?? false;
    this.keepsHost = spec.keepsHost ?? false;
    if (change.limits) this.limits = limitsOf(spec);
    if (change.verification) this.verification = verificationOf(spec);
    if (!change.headers) return change;
    this.#headers = spec.headers?.flat() ?? [];
    this.headerNames = namesOf(spec);
    // An answer may be on its way that quotes what it was sent before.
    this.secrets = new SecretTexts([...secretsOfSpec(spec), ...secretsOfSpec(before)]);
    return change;
  }

  /** Why and since when the probes consider it down. Written by the probes. */
  get down(): Down | undefined {
    return this.#down;
  }

  set down(down: Down | undefined) {
    this.#down = down;
    this.changes?.report(down === undefined);
  }

  /** It is too many blocks behind the others, and tried after them. Written by the probes. */
  get lagging(): Lagging | undefined {
    return this.#lagging;
  }

  set lagging(lagging: Lagging | undefined) {
    this.#lagging = lagging;
    this.changes?.report(false);
  }

  /** It is silent, or much slower than the others, and asked after them. Written by what measures the speed. */
  get slow(): Slow | undefined {
    return this.#slow;
  }

  set slow(slow: Slow | undefined) {
    this.#slow = slow;
    this.changes?.report(false);
  }

  /** An operator has taken it out of service: no new attempts. Written by the operators' calls. */
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

  /** The Authorization header from the URL's user-info. Secret. */
  get authorization(): string | undefined {
    return this.#authorization;
  }

  /** The headers that replace the client's of those names: names and values in turn. Secret. */
  get headers(): readonly string[] {
    return this.#headers;
  }

  toJSON(): UpstreamIdentity {
    return this.identity;
  }

  [inspect.custom](): UpstreamIdentity {
    return this.identity;
  }

  /** Whether both have the same URL: a request could be sent to that server twice. */
  isSameServerAs(other: Upstream): boolean {
    return (
      this.origin === other.origin &&
      this.#basePath === other.basePath &&
      this.#baseQuery === other.baseQuery &&
      this.authorization === other.authorization
    );
  }

  /**
   * The request target for this upstream: its own path, then the given one, byte for byte and joined with one slash
   * (`/` adds nothing); the queries are joined, too. `path` begins with a slash; `query` has no question mark.
   */
  targetOf(target: { readonly path: string; readonly query: string | undefined }): string {
    return joinedTarget(this, target);
  }
}
