/** How more than the learnt rate is looked for. */

/** `start`: a first guess is outgrown. `dear`: each refusal keeps everything away for half a minute. */
export type Way = 'start' | 'plain' | 'dear';

/** The excess doubles once in this time, or in that of two calls. */
const DOUBLING_MS = 400;
/** Where refusals are dear, so much more is sent each second. */
const DEAR_STEP = 0.01;

/** How far below the learnt rate requests are sent while more is not looked for. */
export function marginOf(way: Way): number {
  return way === 'dear' ? 0.04 : 0.01;
}

/**
 * What requests are sent at, as a multiple of the rate (calls a millisecond), after more was looked for during
 * `climbMs`: the excess grows from the margin; where the rate is a first guess, the whole of it from 1.
 */
export function factorOf(way: Way, climbMs: number, rate: number): number {
  const margin = marginOf(way);
  if (climbMs === 0) return 1 - margin;
  switch (way) {
    case 'start':
      return 2 ** Math.min(10, climbMs / Math.max(DOUBLING_MS, 1 / rate));
    case 'plain':
      return 1 + margin * (2 ** Math.min(30, climbMs / Math.max(DOUBLING_MS, 2 / rate)) - 2);
    case 'dear':
      return (1 - margin) * (1 + DEAR_STEP) ** Math.min(700, climbMs / 1000);
    default:
      return way satisfies never;
  }
}

/** What was accepted in less than this time counts as in this time. */
const SHORTEST_START_MS = 50;
const SECOND_MS = 1000;

/** The rate that a few calls point to, of which `perSecond` (in calls a millisecond) were accepted within `sinceMs`. */
export function firstGuess(perSecond: number, sinceMs: number): number {
  return (perSecond * SECOND_MS) / Math.max(SHORTEST_START_MS, Math.min(SECOND_MS, sinceMs));
}

/** What is surely accepted of it. */
const DEAR_START = 0.6;

/** The same where refusals are dear: less than lies between what was accepted in a second, and how quickly that was. */
export function dearGuess(perSecond: number, sinceMs: number): number {
  return DEAR_START * Math.sqrt(perSecond * firstGuess(perSecond, sinceMs));
}
