/**
 * Buckets for durations, within 2 %. HdrHistogram's layout (`countsArrayIndex` in its HdrHistogram.java): whole microseconds
 * below 2^(SUB_BITS + 1) have a bucket each; above, every power of two is divided into 2^SUB_BITS buckets of the same width.
 */

/** 32 buckets for each power of two: a bucket's middle is within 1.6 % of all that it holds. */
const SUB_BITS = 5;
const SUB_BUCKETS = 2 ** SUB_BITS;
/** Longer times, from 134 s on, count as this long. */
const MAX_US = 2 ** 27 - 1;

/** How many there are. */
export const BUCKETS = indexOf(MAX_US) + 1;

/** The bucket of a duration in milliseconds. */
export function bucketOf(ms: number): number {
  return indexOf(Math.min(MAX_US, Math.max(0, Math.round(ms * 1_000))));
}

/** The middle of a bucket, in milliseconds, of four digits. */
export function middleOf(bucket: number): number {
  return Number((middleUsOf(bucket) / 1_000).toPrecision(4));
}

function indexOf(us: number): number {
  if (us < 2 * SUB_BUCKETS) return us;
  const shift = 31 - SUB_BITS - Math.clz32(us);
  return shift * SUB_BUCKETS + (us >>> shift);
}

function middleUsOf(bucket: number): number {
  if (bucket < 2 * SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const from = (bucket - shift * SUB_BUCKETS) * 2 ** shift;
  return from + (2 ** shift - 1) / 2;
}
