// How soon a limit that changed is found.
import { run } from './run.mjs';

const CHANGE_SECOND = 120;
const AFTER_SECONDS = 120;
/** What is accepted is compared over so many seconds, and counts as found within so much of what is allowed. */
const MEAN_SECONDS = 5;
const FOUND = 0.1;

/**
 * @param factor that the limit changes by
 * @returns foundSeconds: Infinity if it was not; waste: share of the calls that were refused in the minute after the change
 */
export function runChange(kind, makeController, { factor, seed, rttMs }) {
  const { series, refusedSeries } = run(
    { ...kind, seconds: CHANGE_SECOND + AFTER_SECONDS, learnSeconds: CHANGE_SECOND },
    makeController,
    { load: 2 * Math.max(1, factor), seed, rttMs, changes: [[CHANGE_SECOND, factor]] },
  );
  const sum = (of, from, to) => of.slice(from, to).reduce((total, count) => total + (count ?? 0), 0);
  const mean = (from, to) => sum(series, from, to) / (to - from);
  const target = factor * mean(CHANGE_SECOND / 2, CHANGE_SECOND);
  const refused = sum(refusedSeries, CHANGE_SECOND, CHANGE_SECOND + 60);
  const waste = refused / (refused + sum(series, CHANGE_SECOND, CHANGE_SECOND + 60));
  for (let second = CHANGE_SECOND; second + MEAN_SECONDS <= series.length; second += 1) {
    const calls = mean(second, second + MEAN_SECONDS);
    const wasted = sum(refusedSeries, second, second + MEAN_SECONDS) / (calls * MEAN_SECONDS);
    const isFound = factor < 1 ? wasted < 0.05 : calls > (1 - FOUND) * target;
    if (isFound) return { foundSeconds: second - CHANGE_SECOND, waste };
  }
  return { foundSeconds: Infinity, waste };
}
