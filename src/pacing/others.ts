/** What the other processes do with a budget that this one shares with them. */

/** Rates are calls a millisecond, times monotonic milliseconds of this process. */
export interface Others {
  /** How much of the budget is for this process: 0 to 1, more than 0. */
  readonly share: number;
  /** Where its part begins among those of all, which are next to each other from 0 to 1; negative if that is not known. */
  readonly from: number;
  /** What is to be added to times here to get those that all have in common. */
  readonly commonMs: number;
  /** The rate at which the others were accepted lately. */
  readonly rate: number;
  /** How many calls of the others were accepted until then, since some time. */
  acceptedAt(atMs: number): number;
  /** Nothing was accepted since then, neither here nor there. */
  paused(sinceMs: number, nowMs: number): void;
  /** Something is sent here. */
  noteUse(): void;
  /** What was learnt here has changed: the others are to know. */
  noteNews(): void;
}

/** There are no others. */
export const NOBODY: Others = {
  share: 1,
  from: -1,
  commonMs: 0,
  rate: 0,
  acceptedAt: () => 0,
  paused() {},
  noteUse() {},
  noteNews() {},
};

/** What is learnt of a budget, as others adopt it. Plain JSON; rates in calls a second, times in milliseconds left. */
export interface Learnt {
  /** Of all together; null while nothing is known. */
  readonly rate: number | null;
  /** What headers tell; 0 if nothing. */
  readonly told: number;
  /** What the last rest cost, where it was a loss: how dear refusals are. */
  readonly costMs: number;
  /** The rate is a first guess, and more is looked for at once. */
  readonly isStarting: boolean;
  /** The last refusal that banned came soon after the one before. */
  readonly wasQuick: boolean;
  /** The rate that was reached before it was full; 0 if more was not looked for. */
  readonly climbedTo: number;
  /** The first guess is past. */
  readonly isMeasured: boolean;
  /** The limit's window is at least so long. */
  readonly windowMs: number;
  /** Refusals that are not made up for. */
  readonly debt: number;
  /** The limit is full: nothing was accepted since. */
  readonly isFull: boolean;
  /** Until the next trial, or the end of what a refusal has told; 0 where single calls are not tried. */
  readonly restMs: number;
}

/** Calls a second that a budget can have: a slower one could not be learnt within a day, a faster one not at all. */
const SLOWEST = 1e-5;
const FASTEST = 1e9;
/** No refusal asks for a longer rest. */
const LONGEST_REST_MS = 3_600_000;
const LONGEST_WINDOW_MS = 24 * 3_600_000;

/** What came from elsewhere, if it is one. */
export function readLearnt(value: object): Learnt | undefined {
  const learnt: Partial<Record<keyof Learnt, unknown>> = value;
  const { rate, told, costMs, isStarting, wasQuick, isMeasured, climbedTo, windowMs, debt, isFull, restMs } =
    learnt;
  const isWithin = (each: unknown, most: number): each is number =>
    typeof each === 'number' && each >= 0 && each <= most;
  if (rate !== null && !(isWithin(rate, FASTEST) && rate >= SLOWEST)) return undefined;
  if (told !== 0 && !(isWithin(told, FASTEST) && told >= SLOWEST)) return undefined;
  if (![climbedTo, debt].every((each) => isWithin(each, FASTEST))) return undefined;
  if (![costMs, restMs].every((each) => isWithin(each, LONGEST_REST_MS))) return undefined;
  if (!isWithin(windowMs, LONGEST_WINDOW_MS)) return undefined;
  if (![isStarting, wasQuick, isMeasured, isFull].every((each) => typeof each === 'boolean'))
    return undefined;
  return value as Learnt;
}
