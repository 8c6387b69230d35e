/** What the program announces, and to whom. */

import type {
  AttemptResult,
  CallKind,
  DownReason,
  FailureReason,
  HedgeResult,
  PoolIdentity,
  RemovalCause,
  RequestResult,
  SizeLimit,
  SlowReason,
  Tier,
  UpstreamFailure,
  UpstreamIdentity,
} from './event-words.ts';
import type { ProcessEvent } from './process-events.ts';

export * from './event-words.ts';

export type Event =
  | {
      readonly type: 'attempt-finished';
      /** Of the request. */
      readonly id: string;
      /** Likewise, if it has a valid `traceparent`: 32 hexadecimal digits. */
      readonly traceId?: string | undefined;
      /** The same object for all attempts of one upstream, so that numbers can be kept by it. */
      readonly upstream: UpstreamIdentity;
      readonly result: AttemptResult;
      /** The protocol was changed: the time is that of a handshake, not of an answer. */
      readonly tunnel: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'request-finished';
      readonly pool: PoolIdentity;
      readonly id: string;
      readonly clientAddress: string;
      /** The name of its key; undefined where none is asked for. */
      readonly clientName: string | undefined;
      readonly method: string;
      /** The request's path without its query and without a client's key; undefined where one may be in it. */
      readonly path: string | undefined;
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
      /** Where no upstream gave a usable answer: those that were asked, and what was wrong with them. */
      readonly failures?: readonly UpstreamFailure[] | undefined;
      /** How long it has waited for an upstream that has room; 0 when it did not wait. */
      readonly queuedMs: number;
      readonly durationMs: number;
      readonly traceId?: string | undefined;
    }
  /**
   * An upstream has changed the protocol as a client asked. `request-finished` follows when the tunnel is
   * closed, which may be days later and says nothing about the upstream of that time.
   */
  | {
      readonly type: 'tunnel-opened';
      /** That of the request. */
      readonly id: string;
      readonly traceId?: string | undefined;
      readonly clientAddress: string;
      readonly clientName: string | undefined;
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
      /** For the same reason: its end has moved by a second or more since it was announced. */
      readonly type: 'quarantine-extended';
      readonly upstream: UpstreamIdentity;
      readonly reason: FailureReason;
      readonly method: string | undefined;
      /** From now on. */
      readonly durationMs: number;
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
      /** A request was sent to a second upstream as well. */
      readonly type: 'hedge-finished';
      readonly pool: PoolIdentity;
      readonly result: HedgeResult;
    }
  | {
      /** It is asked after the others from now on: silent, or many times slower than they are. */
      readonly type: 'upstream-slow';
      readonly upstream: UpstreamIdentity;
      readonly reason: SlowReason;
      /** Only for calls of this kind; undefined for all. */
      readonly calls: CallKind | undefined;
    }
  | {
      readonly type: 'upstream-quick';
      readonly upstream: UpstreamIdentity;
      readonly calls: CallKind | undefined;
      readonly slowMs: number;
    }
  | {
      /** Upstreams are on different chains, and nothing tells which one is right. */
      readonly type: 'chain-undecided';
      readonly pool: PoolIdentity;
      /** `1 (a), 5 (b)`. */
      readonly chains: string;
      /** Which upstream says that it is on which chain, in decimal. */
      readonly votes: readonly { readonly name: string; readonly tier: Tier; readonly chainId: string }[];
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
      /** Both are of one provider, and are refused for a rate limit at the same time again and again. */
      readonly type: 'limit-shared';
      readonly upstream: UpstreamIdentity;
      readonly other: UpstreamIdentity;
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
      /** An operator has changed it, or the settings that were read anew. */
      readonly type: 'upstream-changed';
      readonly upstream: UpstreamIdentity;
      readonly weight: number;
      readonly draining: boolean;
      /** Which of these an operator has changed; undefined where the settings have. */
      readonly changed?: readonly ('weight' | 'draining')[];
    }
  | {
      readonly type: 'strategy-changed';
      readonly pool: PoolIdentity;
      readonly strategy: string;
    }
  | ProcessEvent;

export type EventOf<T extends Event['type']> = Extract<Event, { type: T }>;
export type Listener = (event: Event) => void;

/** The pool that an event is about; undefined for an event of the whole process. */
export function poolOf(event: Event): PoolIdentity | undefined {
  if ('pool' in event) return event.pool;
  return 'upstream' in event ? event.upstream?.pool : undefined;
}

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
