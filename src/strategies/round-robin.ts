/** The round-robin strategy: the list, rotated by one for each request. */

import type { Upstream } from '../upstreams/upstream.ts';
import type { Order, StrategyFactory } from './strategy.ts';

/**
 * An order begins with the upstream after the one that was first last time, so that none is skipped or repeated when others
 * come or go, as would happen with a plain counter.
 */
export const roundRobin: StrategyFactory = () => {
  let last: Upstream | undefined;
  let lastIndex = 0;
  return {
    order(upstreams) {
      if (upstreams.length === 0) return new RotatedOrder(upstreams, 0);
      if (last !== undefined) {
        const index = upstreams[lastIndex] === last ? lastIndex : upstreams.indexOf(last);
        // When the last one is gone, the one after it has moved into its place.
        const next = index < 0 ? lastIndex : index + 1;
        lastIndex = next < upstreams.length ? next : 0;
      }
      last = upstreams[lastIndex];
      return new RotatedOrder(upstreams, lastIndex);
    },
  };
};

/** A list from an index to its end, then from its beginning to that index. */
class RotatedOrder implements Order {
  readonly #upstreams: readonly Upstream[];
  readonly #from: number;
  #returned = 0;

  constructor(upstreams: readonly Upstream[], from: number) {
    this.#upstreams = upstreams;
    this.#from = from;
  }

  next(): Upstream | undefined {
    const { length } = this.#upstreams;
    if (this.#returned === length) return undefined;
    const index = this.#from + this.#returned;
    this.#returned += 1;
    return this.#upstreams[index < length ? index : index - length];
  }
}
