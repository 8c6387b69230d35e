/**
 * What the program announces, and the closed sets of words it uses for it. The same words stand in
 * logs, metrics, `/stats` and alerts.
 */

export type Tier = 'primary' | 'fallback';

/** Enough of an upstream to name it, frozen; never its URL. */
export class UpstreamIdentity {
  readonly name: string;
  readonly tier: Tier;
  /** Not there when the program runs: only for its sake does the compiler refuse an Upstream, which has secrets, here. */
  declare protected readonly brand: never;

  constructor(name: string, tier: Tier) {
    this.name = name;
    this.tier = tier;
    Object.freeze(this);
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

/** Why a probe took an upstream out. */
export type DownReason = 'probe-failed' | 'wrong-chain';

/** What an upstream was found to take at once: blocks in a range of eth_getLogs, calls in a batch. */
export type SizeLimit = 'logs_range' | 'batch';

/** Why an upstream has left its list. */
export type RemovalCause = 'operator' | 'unhealthy';

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

export type Event =
  | {
      readonly type: 'attempt-finished';
      /** The same object for all attempts of one upstream, so that numbers can be kept by it. */
      readonly upstream: UpstreamIdentity;
      readonly result: AttemptResult;
      /** The protocol was changed: the time is that of a handshake, not of an answer. */
      readonly tunnel: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'request-finished';
      readonly id: string;
      readonly clientAddress: string;
      readonly method: string;
      /** The request's path without its query. */
      readonly path: string;
      readonly rpcMethod: string | undefined;
      readonly result: RequestResult;
      /** The status that went to the client; 0 when none went out. */
      readonly status: number;
      /** The code of an answer of our own. */
      readonly code: string | undefined;
      /** Who answered; undefined for an answer of our own. */
      readonly upstream: UpstreamIdentity | undefined;
      /** A fallback answered while no primary was usable. */
      readonly primariesOut: boolean;
      readonly attempts: number;
      readonly durationMs: number;
    }
  /**
   * An upstream has changed the protocol as a client asked. `request-finished` follows when the tunnel is
   * closed, which may be days later and says nothing about the upstream of that time.
   */
  | {
      readonly type: 'tunnel-opened';
      /** That of the request. */
      readonly id: string;
      readonly upstream: UpstreamIdentity;
      /** A fallback serves it while no primary was usable. */
      readonly primariesOut: boolean;
    }
  | {
      readonly type: 'upstream-quarantined';
      readonly upstream: UpstreamIdentity;
      readonly reason: FailureReason;
      /** Only this JSON-RPC method is banned there. */
      readonly method: string | undefined;
      readonly durationMs: number;
      /** It is left out until it is known whether it or a request was to blame. */
      readonly inQuestion?: true;
    }
  | {
      readonly type: 'upstream-released';
      readonly upstream: UpstreamIdentity;
      readonly by: 'trial' | 'probe' | 'question' | 'operator';
    }
  | {
      readonly type: 'upstream-down';
      readonly upstream: UpstreamIdentity;
      readonly reason: DownReason;
      /** In a few words, for operators; no secrets. */
      readonly problem: string;
    }
  | {
      readonly type: 'upstream-up';
      readonly upstream: UpstreamIdentity;
      readonly downMs: number;
    }
  | {
      /** It is too many blocks behind the others: asked after them from now on. */
      readonly type: 'upstream-lagging';
      readonly upstream: UpstreamIdentity;
      /** By how many. */
      readonly blocks: number;
    }
  | {
      readonly type: 'upstream-caught-up';
      readonly upstream: UpstreamIdentity;
      readonly laggedMs: number;
    }
  | {
      /** Upstreams are on different chains, and nothing tells which one is right. */
      readonly type: 'chain-undecided';
      /** `1 (a), 5 (b)`. */
      readonly chains: string;
    }
  | {
      /** It was down for so long that it would be removed, but nothing would be left in its place. */
      readonly type: 'upstream-kept';
      readonly upstream: UpstreamIdentity;
      readonly downMs: number;
    }
  | {
      /** It takes no more than this at once, as far as it is known. */
      readonly type: 'limit-learnt';
      readonly upstream: UpstreamIdentity;
      readonly limit: SizeLimit;
      readonly size: number;
    }
  | {
      readonly type: 'upstream-added';
      readonly upstream: UpstreamIdentity;
    }
  | {
      readonly type: 'upstream-removed';
      readonly upstream: UpstreamIdentity;
      readonly cause: RemovalCause;
    }
  | {
      /** An operator has changed it. */
      readonly type: 'upstream-changed';
      readonly upstream: UpstreamIdentity;
      readonly weight: number;
      readonly draining: boolean;
    }
  | {
      readonly type: 'strategy-changed';
      readonly strategy: string;
    }
  | {
      /** The process can't keep up: new requests are refused from now on. */
      readonly type: 'overload-began';
      /** By how much the event loop runs late. */
      readonly lagMs: number;
    }
  | {
      readonly type: 'overload-ended';
      readonly durationMs: number;
    }
  | {
      /** The machine itself is short of something. Once a minute at most for each thing. */
      readonly type: 'shortage';
      /** The system's error. */
      readonly code: string;
      /** What ran out, and what helps. */
      readonly what: string;
    }
  | {
      /** A host name can't be looked up any more: its last known addresses go on serving. Or it can be again. */
      readonly type: 'name-lost' | 'name-found';
      readonly host: string;
    }
  | {
      readonly type: 'alert-sent';
      /** By which notifier. */
      readonly notifier: string;
      readonly kind: string;
    }
  | {
      readonly type: 'alert-failed';
      readonly notifier: string;
      readonly kind: string;
      /** What went wrong, without the webhook's address. */
      readonly problem: string;
    };

export type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;
export type Listener = (event: Event) => void;

/** Tells every listener about every event. A listener that throws costs neither the request nor the others. */
export class Announcer {
  readonly #listeners: Listener[] = [];
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void = () => {}) {
    this.#onListenerError = onListenerError;
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
  }

  announce(event: Event): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#onListenerError(error);
      }
    }
  }
}
