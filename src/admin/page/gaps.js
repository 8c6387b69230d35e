/** When all figures must be asked for anew, because some were missed. Pure: it is told the time, in ms of any clock. */

/** How far the next figures may be from the last ones, in seconds. */
const TOLERANCE_S = 1.5;
/** How often at most a page that does not keep up asks for all figures. */
const FILL_EVERY_MS = 10_000;

export class Gaps {
  /** At the start, too: something may have happened since the document was made. */
  #isDue = true;
  /** Long ago: it need not wait. */
  #filledAtMs = Number.NEGATIVE_INFINITY;

  /** The connection was lost: nobody knows what was missed. */
  lost() {
    this.#isDue = true;
    this.#filledAtMs = Number.NEGATIVE_INFINITY;
  }

  /**
   * Whether to ask for all figures now. A gap that comes too soon after another stays due.
   * @param {number} aheadS what the figures that have come are ahead of the last known ones, in seconds
   * @param {{ arrivedAtMs: number, nowMs: number }} times `arrivedAtMs`: when they came, perhaps before the last filling
   */
  mustFill(aheadS, { arrivedAtMs, nowMs }) {
    if (aheadS > TOLERANCE_S) this.#isDue = true;
    // The daemon's clock was set back; what has waited for a filling is behind it anyway.
    if (aheadS < -TOLERANCE_S && arrivedAtMs > this.#filledAtMs) this.lost();
    return this.#isDue && nowMs - this.#filledAtMs >= FILL_EVERY_MS;
  }

  /**
   * @param {boolean} isFilled whether the figures were to be had
   * @param {number} nowMs
   */
  filled(isFilled, nowMs) {
    this.#filledAtMs = nowMs;
    this.#isDue = !isFilled;
  }
}
