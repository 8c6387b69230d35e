const BUCKETS_PER_MS = 100;
const LONGEST_MS = 5_000;

/** Latencies in buckets of 10 µs, which cost nothing to count; longer than 5 s counts as 5 s. */
export class Latencies {
  #buckets = new Uint32Array(LONGEST_MS * BUCKETS_PER_MS + 1);
  count = 0;
  maxMs = 0;

  add(ms) {
    this.#buckets[Math.min(this.#buckets.length - 1, Math.floor(ms * BUCKETS_PER_MS))] += 1;
    this.count += 1;
    if (ms > this.maxMs) this.maxMs = ms;
  }

  /** The latency in ms that this share (0 to 1) of all stays at or under, to the bucket. NaN of nothing. */
  percentile(share) {
    const rank = Math.max(1, Math.ceil(this.count * share));
    let seen = 0;
    for (let index = 0; index < this.#buckets.length; index++) {
      seen += this.#buckets[index];
      if (seen >= rank) return (index + 1) / BUCKETS_PER_MS;
    }
    return Number.NaN;
  }
}
