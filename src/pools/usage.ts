/** Counts the requests to a pool that are under way, so that it is known when the last one is over. */

export class PoolUsage {
  #underWay = 0;
  /** Requests under way in other processes, where those of this one are not all. */
  elsewhere = 0;
  #onUnused: (() => void) | undefined;

  /** A tunnel is under way until it is closed. */
  get underWay(): number {
    return this.#underWay + this.elsewhere;
  }

  begin(): void {
    this.#underWay += 1;
  }

  end(): void {
    this.#underWay -= 1;
    if (this.#underWay === 0) this.#onUnused?.();
  }

  /** Calls `run` as soon as no request is under way, and each time again. */
  whenUnused(run: () => void): void {
    this.#onUnused = run;
    if (this.#underWay === 0) run();
  }
}
