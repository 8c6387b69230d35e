/** Limits clients where several processes serve them: the limit is that of all together. */

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RecentCalls } from '../pacing/recent-calls.ts';
import {
  type Charge,
  type Charges,
  linesFor,
  MAX_ADDRESSES,
  policyOf,
  ROUNDING_MS,
  WINDOW_MS,
} from './limiter.ts';

/** What one client has used up in this process. */
export class SharedBucket {
  /** The same in all processes, and no secret: who it is. */
  readonly who: string;
  /** Calls a second of all processes together. */
  rps: number;
  /** How much of the limit is for this process: 0 to 1. */
  share = 1;
  /** When it will be full again; monotonic milliseconds. */
  fullMs = Number.NEGATIVE_INFINITY;
  /** Calls that were admitted since it was made. */
  admitted = 0;
  /** Those that were asked for, refused ones as well. */
  readonly asked = new RecentCalls();
  /** How many calls are used up in other processes, and when that was told. */
  #usedElsewhere = 0;
  #usedElsewhereMs = 0;

  constructor(who: string, rps: number) {
    this.who = who;
    this.rps = rps;
  }

  /** Most calls at once. A call can always be made at last. */
  get capacity(): number {
    return Math.max(1, this.share * this.rps);
  }

  /** Calls a millisecond. */
  get rate(): number {
    return (this.share * this.rps) / WINDOW_MS;
  }

  usedAt(nowMs: number): number {
    return Math.max(0, this.fullMs - nowMs) * this.rate;
  }

  /** Of the whole limit, as well as it is known here. */
  leftAt(nowMs: number): number {
    const elsewhereRate = ((1 - this.share) * this.rps) / WINDOW_MS;
    const elsewhere = Math.max(0, this.#usedElsewhere - elsewhereRate * (nowMs - this.#usedElsewhereMs));
    return Math.max(0, this.rps - this.usedAt(nowMs) - elsewhere);
  }

  /** What is used up stays so. */
  setShare(share: number, usedElsewhere: number, nowMs: number): void {
    this.#usedElsewhere = usedElsewhere;
    this.#usedElsewhereMs = nowMs;
    if (share === this.share) return;
    const used = this.usedAt(nowMs);
    this.share = share;
    if (used > 0) this.fullMs = nowMs + used / this.rate;
  }
}

/** Those that are told to others: more would make the messages long. */
const MOST_TOLD = 100;
const HASH_LENGTH = 24;

/** What clients have used up here, and how much of their limits is for this process. */
export class SharedBuckets {
  readonly #ofAddresses = new LRUCache<string, SharedBucket>({ max: MAX_ADDRESSES });
  readonly #ofNames = new Map<string, SharedBucket>();
  readonly #inUse = new Set<SharedBucket>();
  /** The share of those that are not told to use anything. Written by what shares. */
  evenShare = 1;
  /** Called when a client begins, and when one has used half of what it has. Set by what shares. */
  onUse: (isUrgent: boolean) => void = () => {};

  ofAddress(address: string, rps: number): SharedBucket {
    let bucket = this.#ofAddresses.get(address);
    if (!bucket) {
      const hash = createHash('sha256').update(address).digest('hex').slice(0, HASH_LENGTH);
      bucket = new SharedBucket(`address ${hash}`, rps);
      this.#ofAddresses.set(address, bucket);
    }
    return bucket;
  }

  ofName(name: string, rps: number): SharedBucket {
    let bucket = this.#ofNames.get(name);
    if (!bucket) {
      bucket = new SharedBucket(`key ${name}`, rps);
      this.#ofNames.set(name, bucket);
    }
    return bucket;
  }

  begin(bucket: SharedBucket, nowMs: number): void {
    if (this.#inUse.has(bucket)) return;
    bucket.setShare(this.evenShare, 0, nowMs);
    this.#inUse.add(bucket);
    this.onUse(false);
  }

  /** The most demanding of those in use; those that have all that they may have are in use no more. */
  mostDemanding(nowMs: number): readonly SharedBucket[] {
    for (const bucket of this.#inUse)
      if (bucket.fullMs <= nowMs && bucket.asked.lastSecond(nowMs) === 0) this.#inUse.delete(bucket);
    if (this.#inUse.size <= MOST_TOLD) return [...this.#inUse];
    const demands = [...this.#inUse].map((bucket) => ({
      bucket,
      demand: bucket.asked.lastSecond(nowMs) / bucket.rps,
    }));
    demands.sort((a, b) => b.demand - a.demand);
    return demands.slice(0, MOST_TOLD).map(({ bucket }) => bucket);
  }
}

/** Like a Limiter, of which each process has its part. */
export class SharedLimiter implements Charges {
  readonly #name: string;
  readonly #rps: number;
  readonly #policy: string;
  readonly #bucketOf: (address: string, rps: number) => SharedBucket;
  readonly #buckets: SharedBuckets;

  constructor(
    name: string,
    rps: number,
    bucketOf: (address: string, rps: number) => SharedBucket,
    buckets: SharedBuckets,
  ) {
    this.#name = name;
    this.#rps = rps;
    this.#policy = policyOf(name, rps);
    this.#bucketOf = bucketOf;
    this.#buckets = buckets;
  }

  /** Charges so many calls to a client, unless that is too much for it now. `nowMs` is monotonic. */
  charge(address: string, calls: number, nowMs: number): Charge {
    const bucket = this.#bucketOf(address, this.#rps);
    bucket.rps = this.#rps;
    this.#buckets.begin(bucket, nowMs);
    bucket.asked.add(calls, nowMs);
    const used = bucket.usedAt(nowMs);
    const { capacity, rate } = bucket;
    const over = Math.min(used, used + calls - capacity);
    const isOver = over > rate * ROUNDING_MS;
    if (!isOver) {
      bucket.fullMs = nowMs + (used + calls) / rate;
      bucket.admitted += calls;
    }
    // Told at once, so that the rest comes in time.
    if (isOver || (used <= capacity / 2 && used + calls > capacity / 2)) this.#buckets.onUse(true);
    const left = Math.floor(bucket.leftAt(nowMs) + this.#rps * (ROUNDING_MS / WINDOW_MS));
    const usedMs = ((this.#rps - left) * WINDOW_MS) / this.#rps;
    // What it may have here grows soon, where it uses nothing elsewhere.
    const waitMs = isOver ? Math.max(1, (over * WINDOW_MS) / this.#rps) : 0;
    return { waitMs, lines: linesFor(this.#name, this.#policy, left, Math.max(usedMs, waitMs)) };
  }
}
