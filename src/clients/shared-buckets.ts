/** What clients have used up in one of several processes, and how much of their limits it may use. */

import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { RecentCalls } from '../pacing/recent-calls.ts';
import { MAX_ADDRESSES, WINDOW_MS } from './limiter.ts';

/** Sums of fractions are off by less. */
const ROUNDING = 1e-9;
/** Of a call: whoever has used up less has used up nothing. */
const NOTHING = 0.001;

/** What one client has used up in this process. */
export class SharedBucket {
  /** The same in all processes, and no secret: who it is. */
  readonly who: string;
  /** Calls a second of all processes together. */
  rps: number;
  /** How much of the limit is for the workers of this replica: 0 to 1. */
  #part = 1;
  /** How much of that is held here: 0 to 1. All workers together never hold more than 1. */
  #claim = 1;
  /** How much of it may be used here. Less than the claim while what was used up is in the way of giving it back. */
  #grant = 1;
  /** When it will be full again; monotonic milliseconds. */
  fullMs = Number.NEGATIVE_INFINITY;
  /** Calls that were admitted since it was made. */
  admitted = 0;
  /** Those that were asked for, refused ones as well. */
  readonly asked = new RecentCalls();
  readonly #workers: number;
  /** How many calls are used up in other processes, and when that was told. */
  #usedElsewhere = 0;
  #usedElsewhereMs = 0;

  constructor(who: string, rps: number, workers: number) {
    this.who = who;
    this.rps = rps;
    this.#workers = workers;
  }

  /** Calls a second of all workers together. */
  get limit(): number {
    return this.#part * this.rps;
  }

  get claim(): number {
    return this.#claim;
  }

  /** Most calls at once. Of a limit of less than a call for each worker, each takes one call at last. */
  get capacity(): number {
    const calls = Math.min(this.#claim, this.#grant) * this.limit;
    return this.limit < this.#workers ? Math.max(1, calls) : calls;
  }

  /** Calls a millisecond. */
  get rate(): number {
    return (this.#claim * this.limit) / WINDOW_MS;
  }

  usedAt(nowMs: number): number {
    return Math.max(0, this.fullMs - nowMs) * this.rate;
  }

  /** Of the whole limit, as well as it is known here. */
  leftAt(nowMs: number): number {
    const elsewhereRate = this.rps / WINDOW_MS - this.rate;
    const elsewhere = Math.max(0, this.#usedElsewhere - elsewhereRate * (nowMs - this.#usedElsewhereMs));
    return Math.max(0, this.rps - this.usedAt(nowMs) - elsewhere);
  }

  /** What is used up stays so. */
  setPart(part: number, usedElsewhere: number, nowMs: number): void {
    this.#usedElsewhere = usedElsewhere;
    this.#usedElsewhereMs = nowMs;
    if (part === this.#part) return;
    const used = this.usedAt(nowMs);
    this.#part = part;
    this.#use(used, nowMs);
  }

  /** It may use so much of the part. What is used up stays so, and is given back no sooner than it is free again. */
  setGrant(grant: number, nowMs: number): void {
    const used = this.usedAt(nowMs);
    const usedUp = used < NOTHING ? 0 : Math.min(this.#claim, used / this.limit);
    this.#grant = grant;
    this.#claim = Math.max(grant, usedUp);
    this.#use(usedUp === 0 ? 0 : used, nowMs);
  }

  /** Gives back what has become free of what it may not use any more. */
  giveBack(nowMs: number): void {
    if (this.#claim > this.#grant) this.setGrant(this.#grant, nowMs);
  }

  /** Has so many calls used up. */
  #use(calls: number, nowMs: number): void {
    this.fullMs = calls > 0 ? nowMs + calls / this.rate : Math.min(this.fullMs, nowMs);
  }
}

/** Those that are told to others: more would make the messages long. */
const MOST_TOLD = 100;
const HASH_LENGTH = 24;

/** What clients have used up here, and how much of their limits is for this process. */
export class SharedBuckets {
  readonly #ofAddresses = new LRUCache<string, SharedBucket>({ max: MAX_ADDRESSES });
  readonly #ofNames = new Map<string, SharedBucket>();
  readonly #inUse = new Map<string, SharedBucket>();
  readonly #workers: number;
  readonly #place: number;
  /** What the workers of this replica have of the limits of those that are not told to use anything. Written by what shares. */
  evenPart = 1;
  /** Called when a client begins, and when one has used half of what it has. Set by what shares. */
  onUse: (isUrgent: boolean) => void = () => {};
  readonly #grants = new Map<string, number>();

  /** `workers`: how many processes divide what is for this replica; `place`: 0 to `workers` - 1, of each another one. */
  constructor(workers = 1, place = 0) {
    this.#workers = workers;
    this.#place = place;
  }

  ofAddress(address: string, rps: number): SharedBucket {
    let bucket = this.#ofAddresses.get(address);
    if (!bucket) {
      const hash = createHash('sha256').update(address).digest('hex').slice(0, HASH_LENGTH);
      bucket = new SharedBucket(`address ${hash}`, rps, this.#workers);
      this.#ofAddresses.set(address, bucket);
    }
    return bucket;
  }

  ofName(name: string, rps: number): SharedBucket {
    let bucket = this.#ofNames.get(name);
    if (!bucket) {
      bucket = new SharedBucket(`key ${name}`, rps, this.#workers);
      this.#ofNames.set(name, bucket);
    }
    return bucket;
  }

  begin(bucket: SharedBucket, nowMs: number): void {
    if (this.#inUse.has(bucket.who)) return;
    bucket.setPart(this.evenPart, 0, nowMs);
    bucket.setGrant(this.#grantOf(bucket), nowMs);
    this.#inUse.set(bucket.who, bucket);
    this.onUse(false);
  }

  /** What may be used here of the part for this replica, by who they are; of all others an even share. */
  get grants(): ReadonlyMap<string, number> {
    return this.#grants;
  }

  /** Undefined: an even share. Whether that is news. */
  setGrant(who: string, grant: number | undefined, nowMs: number): boolean {
    if (this.#grants.get(who) === grant) return false;
    if (grant === undefined) this.#grants.delete(who);
    else this.#grants.set(who, grant);
    const bucket = this.#inUse.get(who);
    bucket?.setGrant(this.#grantOf(bucket), nowMs);
    return true;
  }

  /** The most demanding of those in use, and those that are divided; who has all that it may have is in use no more. */
  told(nowMs: number): readonly SharedBucket[] {
    for (const [who, bucket] of this.#inUse) {
      bucket.giveBack(nowMs);
      if (bucket.fullMs <= nowMs && bucket.asked.lastSecond(nowMs) === 0) this.#inUse.delete(who);
    }
    const all = [...this.#inUse.values()];
    if (all.length <= MOST_TOLD) return all;
    const demands = all.map((bucket) => ({ bucket, demand: bucket.asked.lastSecond(nowMs) / bucket.rps }));
    demands.sort((a, b) => b.demand - a.demand);
    return demands
      .filter(({ bucket }, index) => index < MOST_TOLD || this.#grants.has(bucket.who))
      .map(({ bucket }) => bucket);
  }

  /** Of the part for this replica, where nothing is divided otherwise. */
  evenShareOf({ limit }: SharedBucket): number {
    return evenShare(limit, this.#workers, this.#place);
  }

  #grantOf(bucket: SharedBucket): number {
    return this.#grants.get(bucket.who) ?? this.evenShareOf(bucket);
  }
}

/** Whole calls where there is one for each; those of the first places have one more where some are left over. */
export function evenShare(limit: number, workers: number, place = workers - 1): number {
  if (limit < workers || workers === 1) return 1 / workers;
  const calls = Math.floor(limit / workers + ROUNDING);
  const hasMore = place < Math.floor(limit + ROUNDING) - calls * workers;
  return (hasMore ? calls + 1 : calls) / limit;
}
