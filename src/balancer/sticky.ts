/** Which order a request's upstreams are asked in, where a client's calls stay with one of each tier while it is well. */

import type { Pool } from '../pools/pool.ts';
import { kindOfKey } from '../rpc/method-kinds.ts';
import { hashOf, type Rendezvous } from '../strategies/rendezvous.ts';
import type { Order, Strategy } from '../strategies/strategy.ts';
import { isSilent, isSlowAt } from '../upstreams/slow-lists.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { CandidateSource } from './candidates.ts';
import { clientKey } from './client-key.ts';
import type { Exchange } from './exchange.ts';

/** The pool with its strategies, or, with STICKY, with the order of the request's client in their place. */
export function candidateSource(exchange: Exchange, pool: Pool): CandidateSource {
  if (pool.settings.sticky === undefined) return pool;
  const client = clientOf(exchange, pool);
  const { availability, trials, rendezvous, departed } = pool;
  const { primary, fallback } = rendezvous;
  const strategies = {
    primary: new OneClient(primary, client),
    fallback: new OneClient(fallback, client),
  };
  return { availability, trials, strategies, departed };
}

/**
 * Whether this is the upstream of its tier that the client's calls go to when all that are usable are quick and keep
 * up. Any is, without STICKY.
 */
export function isOwn(upstream: Upstream, exchange: Exchange, pool: Pool): boolean {
  if (pool.settings.sticky === undefined) return true;
  const { tier } = upstream;
  const usable = pool.availability.usable(tier);
  return usable[pool.rendezvous[tier].first(usable, clientOf(exchange, pool))] === upstream;
}

/** An attempt may take so many times as long as usual before its upstream is no longer taken to be well. */
const MUCH_LONGER = 4;
const LEAST_MUCH_LONGER_MS = 1_000;

/**
 * Whether no other upstream is asked while this one has the request: its client's calls stay there while it is well. When
 * nobody else asks for anything only this finds out that it is not.
 */
export function isBound({ latencyKey, timing }: Exchange, upstream: Upstream, pool: Pool): boolean {
  if (pool.settings.sticky === undefined) return false;
  if (isSilent(upstream) || isSlowAt(upstream, kindOfKey(latencyKey))) return false;
  if (!timing) return true;
  const heldMs = pool.runtime.clock.monotonicMs() - timing.startedMs;
  return heldMs < Math.max(LEAST_MUCH_LONGER_MS, MUCH_LONGER * timing.usualMs);
}

/** A client without a key is known by its address. */
function clientOf({ clientName, origin }: Exchange, { settings }: Pool): number {
  const name = settings.sticky === 'key' ? clientName : undefined;
  return hashOf(name ?? clientKey(origin));
}

/** One client's order, in the place of a strategy. */
class OneClient implements Strategy {
  readonly #rendezvous: Rendezvous;
  readonly #client: number;

  constructor(rendezvous: Rendezvous, client: number) {
    this.#rendezvous = rendezvous;
    this.#client = client;
  }

  order(upstreams: readonly Upstream[]): Order {
    return this.#rendezvous.order(upstreams, this.#client);
  }
}
