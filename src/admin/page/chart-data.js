/** The figures of the three charts: what is drawn, and what is said about it. Pure. */

import { count, counted, ms, percent, rate } from './format.js';
import { buckets, greatest, knownSeconds, mean, SECONDS, sum, weightedMean } from './series.js';

/** @import { Series } from './series.js' */
/** @typedef {(number | null)[]} Line */

/**
 * @typedef {object} ChartFigures
 * @property {Line[]} lines as many as the chart has, each with a number for each of `at`
 * @property {string[]} now the value of each line at this moment
 * @property {string} note the last 15 minutes in words
 * @property {string} empty why nothing is drawn; empty when something is
 */

/** How many seconds of the past one point of a chart stands for, and how many are "now". */
const STEP_S = 5;
const LEAST_S = 3;
const NOW_S = 10;
const MINUTE_S = 60;

const NO_REQUEST = 'No request in the last 15 minutes';

/**
 * @param {Series} series of a pool, or of all
 * @param {number} toS
 * @returns {{ at: number[], charts: Record<'requests' | 'good' | 'times', ChartFigures> }}
 */
export function chartFigures(series, toS) {
  // One that has only just begun would jump.
  const steps = buckets(toS, STEP_S).filter(({ from, to }) => to - from >= LEAST_S);
  const total = sum(series['requests'], SECONDS);
  const empty = total === 0 ? NO_REQUEST : '';
  return {
    at: steps.map(({ at }) => at),
    charts: {
      requests: { ...requestFigures(series, steps), empty },
      good: { ...goodFigures(series, steps), empty },
      times: { ...timeFigures(series, steps), empty },
    },
  };
}

/** @typedef {{ at: number, from: number, to: number }[]} Steps */

/**
 * @param {Series} series
 * @param {string} field
 */
function numbersOf(series, field) {
  return series[field] ?? new Float64Array(SECONDS).fill(Number.NaN);
}

/**
 * @param {Series} series
 * @param {Steps} steps
 */
function requestFigures(series, steps) {
  const requests = numbersOf(series, 'requests');
  const failed = requests.map((value, n) => value - (series['good']?.[n] ?? Number.NaN));
  const all = steps.map(({ from, to }) => drawn(mean(requests, from, to)));
  const [least, most] = extremes(all);
  const usual = sum(requests, SECONDS) / Math.max(1, knownSeconds(requests, SECONDS));
  return {
    lines: [all, steps.map(({ from, to }) => drawn(mean(failed, from, to)))],
    now: [perSecond(requests), perSecond(failed)],
    note: `mean ${rate(usual)}, least ${rate(least)}, most ${rate(most)}`,
  };
}

/** @param {Float64Array} numbers */
function perSecond(numbers) {
  const value = mean(numbers, SECONDS - NOW_S, SECONDS);
  return Number.isNaN(value) ? '–' : rate(value);
}

/**
 * @param {Series} series
 * @param {Steps} steps
 */
function goodFigures(series, steps) {
  const requests = numbersOf(series, 'requests');
  const good = numbersOf(series, 'good');
  const share = steps.map(({ from, to }) => {
    const total = mean(requests, from, to);
    return total > 0 ? mean(good, from, to) / total : null;
  });
  const total = sum(requests, SECONDS);
  const failed = total - sum(good, SECONDS);
  const lately = sum(requests, MINUTE_S);
  const of15 =
    total === 0
      ? ''
      : `${percent(1 - failed / total)}, ${counted(failed, 'failed', 'failed')} of ${count(total)}`;
  const [least] = extremes(share);
  return {
    lines: [share],
    now: [lately === 0 ? '–' : percent(sum(good, MINUTE_S) / lately)],
    note: failed === 0 ? of15 : `${of15}, least ${percent(least)}`,
  };
}

/**
 * @param {Series} series
 * @param {Steps} steps
 */
function timeFigures(series, steps) {
  const requests = numbersOf(series, 'requests');
  const half = numbersOf(series, 'p50_ms');
  const most = numbersOf(series, 'p99_ms');
  const p50 = steps.map((range) => drawn(weightedMean(half, requests, range)));
  const p99 = steps.map(({ from, to }) => drawn(greatest(most, from, to)));
  const [fastest, slowest] = extremes(p50);
  const recent = { from: SECONDS - NOW_S, to: SECONDS };
  return {
    lines: [p50, p99],
    now: [ms(weightedMean(half, requests, recent)), ms(greatest(most, recent.from, recent.to))],
    note: `p50 ${ms(fastest)} to ${ms(slowest)}, p99 up to ${ms(extremes(p99)[1])}`,
  };
}

/**
 * What a chart shows of a moment.
 * @param {'requests' | 'good' | 'times'} chart
 * @param {readonly (number | null | undefined)[]} values
 */
export function wordsAt(chart, [first, second]) {
  if (first === null || first === undefined) return 'no requests';
  if (chart === 'requests') return `${rate(first)}, ${rate(second ?? 0)} failed`;
  if (chart === 'good') return `${percent(first)} good`;
  return `p50 ${ms(first)}, p99 ${ms(second)}`;
}

/** @param {number} value */
function drawn(value) {
  return Number.isNaN(value) ? null : value;
}

/**
 * @param {Line} line
 * @returns {[number, number]} NaN when there is nothing
 */
function extremes(line) {
  const known = line.filter((value) => value !== null);
  return known.length === 0 ? [Number.NaN, Number.NaN] : [Math.min(...known), Math.max(...known)];
}
