import type { Upstream } from '../upstreams/upstream.ts';
import type { Order } from './strategy.ts';

/** An order whose first is chosen; the others are arranged when the second is asked for. */
export class FirstThenOthers implements Order {
  readonly #upstreams: readonly Upstream[];
  readonly #first: number;
  readonly #arrange: (others: Upstream[]) => Upstream[];
  #others: Upstream[] | undefined;
  /** How many were given. */
  #given = 0;

  /**
   * @param first index of the first one; anything where there is none
   * @param arrange puts the others, which come in the order of the list, into their order
   */
  constructor(upstreams: readonly Upstream[], first: number, arrange: (others: Upstream[]) => Upstream[]) {
    this.#upstreams = upstreams;
    this.#first = first;
    this.#arrange = arrange;
  }

  next(): Upstream | undefined {
    this.#given += 1;
    if (this.#given === 1) return this.#upstreams[this.#first];
    this.#others ??= this.#arrange(this.#upstreams.filter((_, index) => index !== this.#first));
    return this.#others[this.#given - 2];
  }
}
