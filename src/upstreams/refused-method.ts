/** Notices that it is one method that an upstream refuses for a rate limit, while it accepts others. */

/** So often in a row the method must be refused, with others accepted between. */
const TIMES = 6;

/** What is remembered is one method; refusals are rare. */
export class RefusedMethod {
  #method: string | undefined;
  #times = 0;
  #othersPassed = true;

  /** A call of this method was refused. Returns whether the limit is the method's. */
  refused(method: string): boolean {
    if (method !== this.#method) {
      this.#method = method;
      this.#times = 0;
      this.#othersPassed = true;
    }
    if (this.#othersPassed) this.#times += 1;
    this.#othersPassed = false;
    return this.#times >= TIMES;
  }

  /** A call was accepted. */
  accepted(method: string | undefined): void {
    if (this.#times === 0) return;
    if (method === this.#method) this.#times = 0;
    else this.#othersPassed = true;
  }
}
