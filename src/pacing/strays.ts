/** Single refusals that show no limit. */

/** Refusals further apart than this have nothing to do with each other. */
const APART_MS = 1_000;
/** Calls a second. */
const HARDLY_ANY = 5;

export class Strays {
  #lastMs = -Infinity;

  /**
   * A single refusal while hardly anything is sent, at a rate of `peak` calls a millisecond, may have any reason; a
   * second one soon after it shows a limit. `nowMs` is in monotonic milliseconds.
   */
  isStray(peak: number, nowMs: number): boolean {
    const isFirst = nowMs - this.#lastMs > APART_MS;
    this.#lastMs = nowMs;
    return isFirst && peak * 1_000 < HARDLY_ANY;
  }
}
