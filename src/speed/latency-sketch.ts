/** How long something has taken lately, as a distribution. */

/** Buckets for each doubling: each is 9 % wide, so that its middle is within 5 % of all that it holds. */
const PER_DOUBLING = 8;
/** Below this the buckets have about the same width. */
const UNIT_MS = 0.1;
/** The last one begins at a minute and a half. */
const BUCKETS = 160;

/** A generation is over when it has so many durations, or is so old; the one before it still counts. */
const GENERATION = 250;
const GENERATION_MS = 30_000;
/** With fewer it goes on, whatever its age: what is seldom asked for has its usual time as well. */
const LEAST_GENERATION = 50;
/** The quantiles are worked out anew after so many of what is held. */
const STALE_PART = 1 / 16;

/** The last 250 to 500 durations, or those of the last 30 to 60 s. Made once, and constant work for each duration. */
export class LatencySketch {
  #current = new Uint16Array(BUCKETS);
  #previous = new Uint16Array(BUCKETS);
  #currentCount = 0;
  #previousCount = 0;
  #bornMs = Number.NEGATIVE_INFINITY;
  #p50Ms = 0;
  #p98Ms = 0;
  #unread = 0;

  add(durationMs: number, nowMs: number): void {
    if (this.#currentCount === 0) this.#bornMs = nowMs;
    else if (this.#isOver(nowMs)) this.#nextGeneration(nowMs);
    const bucket = bucketOf(durationMs);
    this.#current[bucket] = (this.#current[bucket] ?? 0) + 1;
    this.#currentCount += 1;
    this.#unread += 1;
  }

  /** How many durations are held. */
  get count(): number {
    return this.#currentCount + this.#previousCount;
  }

  /** Half of them took as long, or less. 0 when nothing is held. */
  get p50Ms(): number {
    this.#refresh();
    return this.#p50Ms;
  }

  /** 98 of 100 took as long, or less. 0 when nothing is held. */
  get p98Ms(): number {
    this.#refresh();
    return this.#p98Ms;
  }

  clear(): void {
    this.#current.fill(0);
    this.#previous.fill(0);
    this.#currentCount = 0;
    this.#previousCount = 0;
    this.#unread = 1;
  }

  #isOver(nowMs: number): boolean {
    if (this.#currentCount >= GENERATION) return true;
    return this.#currentCount >= LEAST_GENERATION && nowMs - this.#bornMs >= GENERATION_MS;
  }

  #nextGeneration(nowMs: number): void {
    [this.#previous, this.#current] = [this.#current, this.#previous];
    this.#previousCount = this.#currentCount;
    this.#current.fill(0);
    this.#currentCount = 0;
    this.#bornMs = nowMs;
  }

  #refresh(): void {
    if (this.#unread === 0 || this.#unread < this.count * STALE_PART) return;
    this.#unread = 0;
    const half = Math.ceil(this.count * 0.5);
    const nearlyAll = Math.ceil(this.count * 0.98);
    this.#p50Ms = 0;
    this.#p98Ms = 0;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS && seen < nearlyAll; bucket += 1) {
      const before = seen;
      seen += (this.#current[bucket] ?? 0) + (this.#previous[bucket] ?? 0);
      if (before < half && seen >= half) this.#p50Ms = endOf(bucket);
      if (seen >= nearlyAll) this.#p98Ms = endOf(bucket);
    }
  }
}

function bucketOf(ms: number): number {
  const bucket = Math.floor(PER_DOUBLING * Math.log2(1 + Math.max(0, ms) / UNIT_MS));
  return Math.min(BUCKETS - 1, bucket);
}

/** The longest duration of a bucket. */
function endOf(bucket: number): number {
  return UNIT_MS * (2 ** ((bucket + 1) / PER_DOUBLING) - 1);
}
