/** Notices that it is one method that an upstream refuses for a rate limit, while it accepts others. */

/** So often in a row a method that is accepted at times must be refused, with others accepted between. */
const TIMES = 6;

/** What is remembered is one method; refusals are rare. */
export class RefusedMethod {
  /** The limit is known to be this one's, until it is accepted. */
  #own: string | undefined;
  #method: string | undefined;
  #times = 0;
  #othersPassed = false;

  /** Whether calls of other methods were accepted since the last refusal that may have been due to a limit of all. */
  get othersPassed(): boolean {
    return this.#othersPassed;
  }

  /**
   * A call of this method was refused; `isNew`: none was answered well in the last minutes. Returns whether the limit is
   * the method's.
   */
  refused(method: string, isNew: boolean): boolean {
    if (method === this.#own || (isNew && this.#othersPassed)) {
      this.#own = method;
      return true;
    }
    const isNext = this.#othersPassed || method !== this.#method;
    this.#times = (method === this.#method ? this.#times : 0) + (isNext ? 1 : 0);
    this.#method = method;
    this.#othersPassed = false;
    if (this.#times < TIMES) return false;
    this.#own = method;
    return true;
  }

  /** Calls of several methods were refused, or of none. */
  refusedAll(): void {
    this.#method = undefined;
    this.#othersPassed = false;
  }

  /** A call was accepted; of a batch, or what is no JSON-RPC, the method is undefined. */
  accepted(method: string | undefined): void {
    if (method !== undefined && method === this.#own) this.#own = undefined;
    if (method !== undefined && method === this.#method) this.#times = 0;
    else this.#othersPassed = true;
  }
}
