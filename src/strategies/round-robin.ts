import type { Upstream } from '../upstreams/upstream.ts';
import type { Order, StrategyFactory } from './strategy.ts';

/**
 * The list, turned by one for each call. It begins with the one that follows the last first one, so nobody
 * is passed over or served twice when others come or go, as a plain counter would do.
 */
export const roundRobin: StrategyFactory = () => {
  let last: Upstream | undefined;
  let lastIndex = 0;
  return {
    order(upstreams) {
      if (upstreams.length === 0) return new Turned(upstreams, 0);
      if (last !== undefined) {
        const index = upstreams[lastIndex] === last ? lastIndex : upstreams.indexOf(last);
        // When the last one is gone, the one that followed it has moved into its place.
        const next = index < 0 ? lastIndex : index + 1;
        lastIndex = next < upstreams.length ? next : 0;
      }
      last = upstreams[lastIndex];
      return new Turned(upstreams, lastIndex);
    },
  };
};

/** A list from one of its places to the end, then from the beginning to that place. */
class Turned implements Order {
  readonly #upstreams: readonly Upstream[];
  readonly #from: number;
  #given = 0;

  constructor(upstreams: readonly Upstream[], from: number) {
    this.#upstreams = upstreams;
    this.#from = from;
  }

  next(): Upstream | undefined {
    const { length } = this.#upstreams;
    if (this.#given === length) return undefined;
    const index = this.#from + this.#given;
    this.#given += 1;
    return this.#upstreams[index < length ? index : index - length];
  }
}
