/** Numbers by the second over the last 15 minutes, and what is read out of them. Pure. NaN: not known. */

export const SECONDS = 900;

/** @typedef {Record<string, Float64Array>} Series one array of SECONDS numbers for each field, oldest first */

/**
 * @param {readonly string[]} fields
 * @returns {Series}
 */
export function emptySeries(fields) {
  return Object.fromEntries(fields.map((field) => [field, new Float64Array(SECONDS).fill(Number.NaN)]));
}

/**
 * Reads what `/history` has: an empty array is one of zeros, or of nulls where the field is a time.
 * @param {readonly string[]} fields
 * @param {Record<string, unknown>} given
 * @returns {Series}
 */
export function readSeries(fields, given) {
  const series = emptySeries(fields);
  for (const field of fields) {
    const numbers = given[field];
    const to = series[field];
    if (!to || !Array.isArray(numbers)) continue;
    if (numbers.length === 0 && !field.endsWith('_ms')) to.fill(0);
    const skipped = Math.max(0, numbers.length - SECONDS);
    const offset = Math.max(0, SECONDS - numbers.length);
    for (let n = skipped; n < numbers.length; n += 1) to[offset + n - skipped] = known(numbers[n]);
  }
  return series;
}

/**
 * Moves all on by so many seconds, which are not known yet.
 * @param {Series} series
 * @param {number} seconds
 */
export function advance(series, seconds) {
  const by = Math.min(seconds, SECONDS);
  for (const numbers of Object.values(series)) {
    numbers.copyWithin(0, by);
    numbers.fill(Number.NaN, SECONDS - by);
  }
}

/**
 * Sets the last second.
 * @param {Series} series
 * @param {Record<string, unknown>} figures
 */
export function setLast(series, figures) {
  for (const [field, numbers] of Object.entries(series)) numbers[SECONDS - 1] = known(figures[field]);
}

/** @param {unknown} value */
function known(value) {
  return typeof value === 'number' ? value : Number.NaN;
}

/**
 * The sum over the last seconds, of those that are known.
 * @param {Float64Array | undefined} numbers
 * @param {number} seconds
 */
export function sum(numbers, seconds) {
  return numbers ? sumBetween(numbers, SECONDS - seconds, SECONDS) : 0;
}

/**
 * The sum of the known numbers between two indexes.
 * @param {Float64Array} numbers
 * @param {number} from
 * @param {number} to not included
 */
export function sumBetween(numbers, from, to) {
  let total = 0;
  for (let n = from; n < to; n += 1) {
    const value = numbers[n] ?? Number.NaN;
    if (!Number.isNaN(value)) total += value;
  }
  return total;
}

/**
 * How many of the last seconds are known.
 * @param {Float64Array | undefined} numbers
 * @param {number} seconds
 */
export function knownSeconds(numbers, seconds) {
  let known = 0;
  if (!numbers) return known;
  for (let n = SECONDS - seconds; n < SECONDS; n += 1) if (!Number.isNaN(numbers[n])) known += 1;
  return known;
}

/**
 * The seconds put together in steps that begin at multiples of the step, so that a bucket keeps its place and its content
 * while time goes on. `at` is the end of a bucket, in seconds of the wall clock.
 * @param {number} toS the end of the last second
 * @param {number} step in seconds
 * @returns {{ at: number, from: number, to: number }[]} `from` and `to` (not included) are indexes
 */
export function buckets(toS, step) {
  const firstS = toS - SECONDS;
  const found = [];
  for (let beginS = Math.floor(firstS / step) * step; beginS < toS; beginS += step) {
    const from = Math.max(0, beginS - firstS);
    const to = Math.min(SECONDS, beginS + step - firstS);
    found.push({ at: Math.min(beginS + step, toS), from, to });
  }
  return found;
}

/**
 * The mean of the known numbers between two indexes; NaN when none is known.
 * @param {Float64Array} numbers
 * @param {number} from
 * @param {number} to not included
 */
export function mean(numbers, from, to) {
  let total = 0;
  let known = 0;
  for (let n = from; n < to; n += 1) {
    const value = numbers[n] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    total += value;
    known += 1;
  }
  return known === 0 ? Number.NaN : total / known;
}

/**
 * The mean of numbers, each counted as often as `weights` says; NaN when nothing is known.
 * @param {Float64Array} numbers
 * @param {Float64Array} weights
 * @param {{ from: number, to: number }} range
 */
export function weightedMean(numbers, weights, { from, to }) {
  let total = 0;
  let weight = 0;
  for (let n = from; n < to; n += 1) {
    const value = numbers[n] ?? Number.NaN;
    const times = weights[n] ?? Number.NaN;
    if (Number.isNaN(value) || Number.isNaN(times)) continue;
    total += value * times;
    weight += times;
  }
  return weight === 0 ? Number.NaN : total / weight;
}

/**
 * The greatest known number between two indexes; NaN when none is known.
 * @param {Float64Array} numbers
 * @param {number} from
 * @param {number} to not included
 */
export function greatest(numbers, from, to) {
  let most = Number.NaN;
  for (let n = from; n < to; n += 1) {
    const value = numbers[n] ?? Number.NaN;
    if (!Number.isNaN(value) && !(value <= most)) most = value;
  }
  return most;
}

/**
 * All pools as one. Times can't be put together exactly: p50 is the mean of the pools', each by its requests, and p99 that
 * of the slowest pool.
 * @param {readonly Series[]} pools
 * @returns {Series}
 */
export function together(pools) {
  const [first] = pools;
  if (first && pools.length === 1) return first;
  const all = emptySeries(['requests', 'good', 'p50_ms', 'p99_ms']);
  for (let n = 0; n < SECONDS; n += 1) {
    const second = secondOf(pools, n);
    for (const [field, numbers] of Object.entries(all)) numbers[n] = second[field] ?? Number.NaN;
  }
  return all;
}

/**
 * @param {readonly Series[]} pools
 * @param {number} n
 * @returns {Record<string, number>}
 */
function secondOf(pools, n) {
  let [requests, good, weighted, weight] = [0, 0, 0, 0];
  let slowest = Number.NaN;
  let isKnown = false;
  for (const pool of pools) {
    const own = pool['requests']?.[n] ?? Number.NaN;
    if (Number.isNaN(own)) continue;
    isKnown = true;
    requests += own;
    good += pool['good']?.[n] ?? 0;
    const p50 = pool['p50_ms']?.[n] ?? Number.NaN;
    const p99 = pool['p99_ms']?.[n] ?? Number.NaN;
    if (!Number.isNaN(p50)) {
      weighted += p50 * own;
      weight += own;
    }
    if (!Number.isNaN(p99) && !(p99 <= slowest)) slowest = p99;
  }
  if (!isKnown) return {};
  return { requests, good, p50_ms: weight > 0 ? weighted / weight : Number.NaN, p99_ms: slowest };
}
