/** How more than the learnt rate is looked for. */

/** The excess doubles once in this time, or in that of two calls. */
const DOUBLING_MS = 400;

/**
 * What requests are sent at, as a multiple of the rate (calls a millisecond), after more was looked for during `climbMs`:
 * the excess grows from `margin`; or, where the rate is a first guess, the whole of it from 1. Undefined before the start.
 */
export function climbFactor(climbMs: number, rate: number, margin: number | 'start'): number | undefined {
  if (climbMs === 0) return undefined;
  if (margin === 'start') return 2 ** Math.min(10, climbMs / Math.max(DOUBLING_MS, 1 / rate));
  return 1 + margin * (2 ** Math.min(30, climbMs / Math.max(DOUBLING_MS, 2 / rate)) - 2);
}

/** What was accepted in less than this time counts as in this time. */
const SHORTEST_START_MS = 50;
const SECOND_MS = 1000;

/** The rate that a few calls point to, of which `perSecond` (in calls a millisecond) were accepted within `sinceMs`. */
export function firstGuess(perSecond: number, sinceMs: number): number {
  return (perSecond * SECOND_MS) / Math.max(SHORTEST_START_MS, Math.min(SECOND_MS, sinceMs));
}
