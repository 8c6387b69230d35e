/** An order of the upstreams for each client, which stays the same while others come and go: rendezvous hashing. */

import { createHash } from 'node:crypto';
import type { Upstream } from '../upstreams/upstream.ts';
import { KeySort } from './key-sort.ts';
import type { Order } from './strategy.ts';
import { stateByUpstream } from './upstream-state.ts';

/**
 * Thaler and Ravishankar, "Using name-based mappings to increase hit rates" (1998): each pair of client and upstream
 * has a number u between 0 and 1 that looks drawn by lot, and a client's upstreams are in the order of theirs. Here by
 * -ln(u) / weight, least first, so that an upstream is the first of as many clients as its weight says. So one
 * that leaves is missed by its own clients only, and one that joins takes from each of the others its part.
 *
 * The number depends on nothing but the client and the upstream's URL, so all processes agree. One instance serves one tier.
 */
export class Rendezvous {
  readonly #sorter = new KeySort();
  readonly #seeds = stateByUpstream(seedOf);
  /** Whose order is sorted at the moment. */
  #client = 0;
  readonly #keyOf = (upstream: Upstream) =>
    -Math.log(draw(this.#seeds.one(upstream), this.#client)) / upstream.weight;

  /** Each of `upstreams` once. `client` is what `hashOf` makes of it. The list must not change while the order is in use. */
  order(upstreams: readonly Upstream[], client: number): Order {
    return new ClientOrder(this, upstreams, client);
  }

  /** The index of a client's first; -1 for an empty list. */
  first(upstreams: readonly Upstream[], client: number): number {
    const seeds = this.#seeds.of(upstreams);
    let first = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < seeds.length; i++) {
      // An index of both lists.
      const u = draw(seeds[i] as number, client);
      const { weight } = upstreams[i] as Upstream;
      // -ln(u) is never less: among hundreds nearly all are done without a logarithm.
      if ((1 - u) / weight >= least) continue;
      const key = -Math.log(u) / weight;
      if (key >= least) continue;
      first = i;
      least = key;
    }
    return first;
  }

  /** A copy, in a client's order. */
  sort(upstreams: readonly Upstream[], client: number): Upstream[] {
    this.#client = client;
    return this.#sorter.sort(upstreams, this.#keyOf);
  }
}

/** The first is looked for when the order is made, the others are sorted when the second is asked for. */
class ClientOrder implements Order {
  readonly #rendezvous: Rendezvous;
  readonly #upstreams: readonly Upstream[];
  readonly #client: number;
  readonly #first: number;
  #others: readonly Upstream[] | undefined;
  /** How many were returned. */
  #returned = 0;

  constructor(rendezvous: Rendezvous, upstreams: readonly Upstream[], client: number) {
    this.#rendezvous = rendezvous;
    this.#upstreams = upstreams;
    this.#client = client;
    this.#first = rendezvous.first(upstreams, client);
  }

  next(): Upstream | undefined {
    this.#returned += 1;
    if (this.#returned === 1) return this.#upstreams[this.#first];
    this.#others ??= this.#rendezvous.sort(
      this.#upstreams.filter((_, index) => index !== this.#first),
      this.#client,
    );
    return this.#others[this.#returned - 2];
  }
}

/** A number of 32 bits for a text: FNV-1a (draft-eastlake-fnv) over its UTF-16 units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}

/**
 * A number for an upstream's URL, without the password in it: from where enough clients go the number could be found
 * out, and by it a password that is short enough to be guessed.
 */
function seedOf({ origin, basePath, baseQuery, authorization = '' }: Upstream): number {
  const [user] = Buffer.from(authorization.replace('Basic ', ''), 'base64').toString().split(':');
  return createHash('sha256').update([origin, basePath, baseQuery, user].join('\n')).digest().readInt32LE();
}

/** The number between 0 and 1, both excluded, that a client and an upstream have. */
function draw(seed: number, client: number): number {
  return (mix(seed ^ client) + 0.5) / 2 ** 32;
}

/** MurmurHash3's `fmix32`: a whole number below 2^32, which changes in half of its bits when one bit is another. */
function mix(bits: number): number {
  let mixed = bits;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
