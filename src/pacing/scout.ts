/** Of several that refuse everything, one goes on trying, and finds out for all of them that it is over. */

/** Its turn takes so long, and ends as well when it has not tried for a while: nobody may ask for it any more. */
const TURN_MS = 50_000;
const LAPSED_MS = 20_000;

/**
 * What refuses everything is out of order or bans, and nobody can tell which: an outage is to be seen at once, and a ban
 * must not be disturbed. So one of them is tried again and again, and the others are left alone: the one that accepted
 * least when its refusals began, for it seldom is the load that it bans for.
 */
export class Scout {
  #one: object | undefined;
  /** What the least loaded of those that had a turn accepted. */
  #leastLoad = Infinity;
  #sinceMs = 0;
  #triedMs = 0;
  #foundMs = -Infinity;

  /** When the one that tries was last accepted; monotonic milliseconds. */
  get foundMs(): number {
    return this.#foundMs;
  }

  /**
   * Whether this one, which was refused again, is the one that goes on trying. `load`: the calls that it accepted in the
   * second before its refusals began.
   */
  isTurnOf(one: object, load: number, nowMs: number): boolean {
    if (this.#one === one && nowMs - this.#sinceMs > TURN_MS) {
      this.#one = undefined;
      return false;
    }
    const isLapsed = this.#one === undefined || nowMs - this.#triedMs > LAPSED_MS;
    if (isLapsed || load < this.#leastLoad) {
      this.#one = one;
      this.#leastLoad = Math.min(load, this.#leastLoad);
      this.#sinceMs = nowMs;
    }
    if (this.#one !== one) return false;
    this.#triedMs = nowMs;
    return true;
  }

  /** It was accepted. `wasLeftAlone`: because it was left alone, so that those that try only prolong a ban. */
  accepted(one: object, wasLeftAlone: boolean, nowMs: number): void {
    if (this.#one === one) {
      this.#one = undefined;
      this.#leastLoad = Infinity;
      this.#foundMs = nowMs;
    } else if (wasLeftAlone) this.#sinceMs = -Infinity;
  }
}
