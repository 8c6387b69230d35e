/** Limits how many calls clients make in a second, and says so in the lines of their answers. */

import { LRUCache } from 'lru-cache';

/** The time in which a bucket that is empty fills up. */
export const WINDOW_MS = 1_000;
/** Far more than what sums of fractions are off by, far less than the time of a call. */
export const ROUNDING_MS = 0.001;
/**
 * How many addresses are known at a time. Further ones push out those that asked longest ago, whose buckets are full
 * again by then unless more than this many ask within a second.
 */
export const MAX_ADDRESSES = 100_000;

/** What one client has used up. */
export interface Bucket {
  /** When it will be full again; monotonic milliseconds. */
  fullMs: number;
}

export function newBucket(): Bucket {
  return { fullMs: Number.NEGATIVE_INFINITY };
}

/** The buckets of the addresses that asked last. */
export class AddressBuckets {
  readonly #buckets = new LRUCache<string, Bucket>({ max: MAX_ADDRESSES });

  of(address: string): Bucket {
    let bucket = this.#buckets.get(address);
    if (!bucket) {
      bucket = newBucket();
      this.#buckets.set(address, bucket);
    }
    return bucket;
  }

  get size(): number {
    return this.#buckets.size;
  }
}

export interface Charge {
  /** In how many milliseconds it could be admitted; 0 when it is. */
  readonly waitMs: number;
  /** The lines for the client, names and values in turn. */
  readonly lines: readonly string[];
}

/** What limits clients. */
export interface Charges {
  /** Charges so many calls to a client, unless that is too much for it now. `nowMs` is monotonic. */
  charge(address: string, calls: number, nowMs: number): Charge;
}

/**
 * Admits `rps` calls a second: a bucket of as many that fills up evenly. What is larger than the bucket is admitted when
 * the bucket is full, and then all of it is paid off before the next one: no batch is too large for ever. One number
 * for each client is enough: when its bucket will be full (the generic cell rate algorithm of ITU-T I.371).
 */
export class Limiter implements Charges {
  readonly #name: string;
  readonly #rps: number;
  readonly #policy: string;
  readonly #bucketOf: (address: string) => Bucket;

  /** `name` is what the lines call the policy: letters, digits, `.`, `_` and `-`. */
  constructor(name: string, rps: number, bucketOf: (address: string) => Bucket) {
    this.#name = name;
    this.#rps = rps;
    this.#policy = policyOf(name, rps);
    this.#bucketOf = bucketOf;
  }

  /** Charges so many calls to a client, unless that is too much for it now. `nowMs` is monotonic. */
  charge(address: string, calls: number, nowMs: number): Charge {
    const bucket = this.#bucketOf(address);
    const usedMs = Math.max(0, bucket.fullMs - nowMs);
    const costMs = (calls * WINDOW_MS) / this.#rps;
    const overMs = Math.min(usedMs, usedMs + costMs - WINDOW_MS);
    const waitMs = overMs > ROUNDING_MS ? overMs : 0;
    const leftMs = waitMs > 0 ? usedMs : usedMs + costMs;
    bucket.fullMs = nowMs + leftMs;
    return { waitMs, lines: this.#linesFor(leftMs) };
  }

  #linesFor(usedMs: number): readonly string[] {
    const freeMs = Math.max(0, WINDOW_MS - usedMs + ROUNDING_MS);
    return linesFor(this.#name, this.#policy, Math.floor((freeMs * this.#rps) / WINDOW_MS), usedMs);
  }
}

export function policyOf(name: string, rps: number): string {
  return `"${name}";q=${rps};w=${WINDOW_MS / 1_000}`;
}

/** RateLimit-Policy and RateLimit as draft-ietf-httpapi-ratelimit-headers-10 has them. */
export function linesFor(name: string, policy: string, remaining: number, usedMs: number): readonly string[] {
  const seconds = Math.max(1, Math.ceil((usedMs - ROUNDING_MS) / 1_000));
  return ['RateLimit-Policy', policy, 'RateLimit', `"${name}";r=${remaining};t=${seconds}`];
}
