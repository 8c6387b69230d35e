/** Counts the trials, which are requests to upstreams that are out because none is usable. */

import type { Upstream } from '../upstreams/upstream.ts';

/** How many trials of one upstream may be under way at once. */
const MAX_TRIALS = 4;

export class Trials {
  readonly #underWay = new Map<Upstream, number>();

  /** Whether one more of this upstream may begin. */
  isFree(upstream: Upstream): boolean {
    return (this.#underWay.get(upstream) ?? 0) < MAX_TRIALS;
  }

  begin(upstream: Upstream): void {
    this.#underWay.set(upstream, (this.#underWay.get(upstream) ?? 0) + 1);
  }

  end(upstream: Upstream): void {
    const left = (this.#underWay.get(upstream) ?? 1) - 1;
    if (left > 0) this.#underWay.set(upstream, left);
    else this.#underWay.delete(upstream);
  }
}
