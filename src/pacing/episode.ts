/** An episode of refusals, from the first of them until something is accepted again. */

/** Times are monotonic milliseconds. */
export interface Episode {
  /** When the first refusal came. */
  readonly beganMs: number;
  /** When room came back, as well as that is known. */
  readonly endedMs: number;
  /** When that was sent which was accepted. */
  readonly triedMs: number;
  /** How long nothing was accepted; 0 if only single calls were refused. */
  readonly restMs: number;
  /** The refusal said how long to wait. */
  readonly isTold: boolean;
}

/** Shorter times that refusals tell are rounded up to whole seconds, and say nothing of the window. */
const ROUNDED_MS = 2000;

/** A rest of this length may be a ban, which is taken for one of half a minute. */
export const BAN_MS = 20_000;
export const LONGEST_REST_MS = 30_000;

/**
 * Whether the rest cost what would have been accepted meanwhile. A window that is full accepts nothing for a part of it;
 * what was accepted for much longer, or much shorter than the rest shows that the rest was no part of a window. `fullMs`
 * is when the limiter was full before; `isDear`: refusals there are known to ban.
 */
export function isLossOf({ beganMs, restMs, isTold }: Episode, fullMs: number, isDear: boolean): boolean {
  const openMs = beganMs - fullMs;
  const isApart = isDear || openMs > 3 * restMs || openMs < restMs / 4;
  return (restMs >= BAN_MS && isApart) || (isTold && isApart) || isRoundedUp(isTold, restMs);
}

/** Whether the refusal told a time so short that it says nothing of the window. */
export function isRoundedUp(isTold: boolean, restMs: number): boolean {
  return isTold && restMs < ROUNDED_MS;
}
