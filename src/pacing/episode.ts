/** An episode of refusals, from the first of them until something is accepted again. */

/** Times are monotonic milliseconds. */
export interface Episode {
  /** When the first refusal came. */
  readonly beganMs: number;
  /** When room came back, as well as that is known. */
  readonly endedMs: number;
  /** How long nothing was accepted; 0 if only single calls were refused. */
  readonly restMs: number;
  /** The refusal said how long to wait. */
  readonly isTold: boolean;
}
