/** Limits clients where several processes serve them: the limit is that of all together. */

import { type Charge, type Charges, linesFor, policyOf, ROUNDING_MS, WINDOW_MS } from './limiter.ts';
import type { SharedBucket, SharedBuckets } from './shared-buckets.ts';

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
    const rounding = (this.#rps * ROUNDING_MS) / WINDOW_MS;
    const beyond = used + calls - capacity;
    // What is larger than the bucket can be admitted when it is full, unless it is for no call at all.
    const over = capacity < 1 - rounding ? beyond : Math.min(used, beyond);
    const isOver = over > rounding;
    if (!isOver) {
      bucket.fullMs = nowMs + (used + calls) / rate;
      bucket.admitted += calls;
    }
    // Told at once, so that the rest comes in time.
    if (isOver || (used <= capacity / 2 && used + calls > capacity / 2)) this.#buckets.onUse(true);
    const left = Math.floor(bucket.leftAt(nowMs) + rounding);
    const usedMs = ((this.#rps - left) * WINDOW_MS) / this.#rps;
    // What it may have here grows soon, where it uses nothing elsewhere.
    const waitMs = isOver ? Math.max(1, (over * WINDOW_MS) / this.#rps) : 0;
    return { waitMs, lines: linesFor(this.#name, this.#policy, left, Math.max(usedMs, waitMs)) };
  }
}
