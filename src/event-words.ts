/** The closed sets of words for what happens. The same ones stand in logs, metrics, `/stats` and alerts. */

export type Tier = 'primary' | 'fallback';

/** The name of the pool for requests whose path names none. */
export const DEFAULT_POOL = 'default';

/** A pool of upstreams, as it is told of. */
export class PoolIdentity {
  readonly name: string;
  /** Its name where there are several; undefined, and left out of what is written, while it is the only one. */
  shown: string | undefined = undefined;

  constructor(name: string) {
    this.name = name;
  }

  toJSON(): string | undefined {
    return this.shown;
  }
}

/** Enough of an upstream to name it; never its URL. Numbers can be kept by it: it stays the same object. */
export class UpstreamIdentity {
  /** This and the tier are written where the lists are read anew, and nowhere else. */
  name: string;
  tier: Tier;
  readonly pool: PoolIdentity;
  /** Not there when the program runs: only for its sake does the compiler refuse an Upstream, which has secrets, here. */
  declare protected readonly brand: never;

  constructor(name: string, tier: Tier, pool = new PoolIdentity(DEFAULT_POOL)) {
    this.name = name;
    this.tier = tier;
    this.pool = pool;
  }
}

/** Why an attempt failed. The first four are known before a byte of the request was sent. */
export const FAILURE_REASONS = [
  'refused',
  'dns',
  'tls',
  'connect-timeout',
  'timeout',
  'reset',
  'cut',
  'bad-http',
  'status',
  'not-an-answer',
  'upstream-broken',
  'rate-limited',
  'plan',
  'auth',
  'method-unsupported',
] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];
const FAILURES: ReadonlySet<string> = new Set(FAILURE_REASONS);

export function isFailure(result: AttemptResult): result is FailureReason {
  return FAILURES.has(result);
}

/** What was wrong with an upstream in an attempt. */
export interface UpstreamFailure {
  readonly upstream: UpstreamIdentity;
  readonly reason: FailureReason;
}

/** How bad an alert is; `resolved`: what an earlier one was about is over. */
export type Severity = 'critical' | 'warning' | 'resolved';

/** Why a probe took an upstream out. */
export type DownReason = 'probe-failed' | 'wrong-chain';

/** What an upstream was found to take at once: blocks in a range of eth_getLogs, calls in a batch. */
export type SizeLimit = 'logs_range' | 'batch';

/** Why an upstream has left its list; `reload`: the settings that were read anew don't name it. */
export type RemovalCause = 'operator' | 'unhealthy' | 'reload';

/**
 * How one attempt ended, as counted and logged. `inconclusive`: the upstream did nothing wrong, but another
 * may know more. `out-of-time`: the request's own time ran out. `shortage`: this machine ran out of descriptors,
 * ports or memory. `superseded`: another attempt of the same request was enough.
 */
export const ATTEMPT_RESULTS = [
  'answered',
  'inconclusive',
  'client-left',
  'superseded',
  'out-of-time',
  'shortage',
  ...FAILURE_REASONS,
] as const;
export type AttemptResult = (typeof ATTEMPT_RESULTS)[number];

/**
 * How a request ended, as counted and logged: `answered` by an upstream; `failed`, no upstream gave a
 * usable answer (an answer of our own, or the last upstream's 5xx passed on); `refused` by us before any
 * upstream was asked; `cut` after its first byte was out.
 */
export const REQUEST_RESULTS = ['answered', 'failed', 'refused', 'client-left', 'cut'] as const;
export type RequestResult = (typeof REQUEST_RESULTS)[number];

/** The status of a request that became a tunnel. */
export const SWITCHED = 101;

/** Requests that take about as long as each other: single JSON-RPC calls by their method, batches, and all others. */
export const CALL_KINDS = [
  'state',
  'reads',
  'calls',
  'logs',
  'traces',
  'transactions',
  'other',
  'batches',
  'http',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];

/** Why an upstream is asked after the others. */
export type SlowReason = 'silent' | 'slow';

/**
 * What became of the second attempt at a request whose first took longer than usual: it was answered first, or the first
 * was; neither was; the client left before.
 */
export const HEDGE_RESULTS = ['won', 'lost', 'failed', 'client-left'] as const;
export type HedgeResult = (typeof HEDGE_RESULTS)[number];
