/** An order whose first upstream is chosen at once; the others are arranged when the second is asked for. */

import type { Upstream } from '../upstreams/upstream.ts';
import type { Order } from './strategy.ts';

export class FirstThenOthers implements Order {
  readonly #upstreams: readonly Upstream[];
  readonly #first: number;
  readonly #arrange: (others: Upstream[]) => Upstream[];
  #others: Upstream[] | undefined;
  /** How many were returned. */
  #returned = 0;

  /**
   * @param first index of the first upstream; any number when the list is empty
   * @param arrange sorts the others, which it gets in the order of the list
   */
  constructor(upstreams: readonly Upstream[], first: number, arrange: (others: Upstream[]) => Upstream[]) {
    this.#upstreams = upstreams;
    this.#first = first;
    this.#arrange = arrange;
  }

  next(): Upstream | undefined {
    this.#returned += 1;
    if (this.#returned === 1) return this.#upstreams[this.#first];
    this.#others ??= this.#arrange(this.#upstreams.filter((_, index) => index !== this.#first));
    return this.#others[this.#returned - 2];
  }
}
