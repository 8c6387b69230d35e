/** Refusals that are not yet made up for by accepted calls, so that looking for more costs a small share of all. */

/** Refusals per accepted call that looking for more may cost. */
const WASTE = 0.008;
/** Refusals that told something new are held against looking for more no more than this. */
const FORGIVEN = 2;
/** Without refusals more is looked for after this time anyway, and after what a rest has cost. */
const LONGEST_HOLD_MS = 60_000;

export class Waste {
  #debt = 0;
  /** What was sent before nothing was known yet: its refusals are held against nobody. */
  #countsSinceMs = Infinity;

  get debt(): number {
    return this.#debt;
  }

  /** What another process holds against looking for more. What it does not know was refused here at the same time. */
  adopt(debt: number, isForgiven: boolean): void {
    this.#debt = isForgiven ? debt : Math.max(debt, this.#debt);
  }

  get isMadeUpFor(): boolean {
    return this.#debt <= 0;
  }

  /** Or so long ago that it is no matter; `costMs` is how long the refusal kept everything away. */
  isPast(sinceMs: number, costMs: number): boolean {
    return this.isMadeUpFor || sinceMs > LONGEST_HOLD_MS + costMs / WASTE;
  }

  accepted(calls: number): void {
    this.#debt = Math.max(0, this.#debt - WASTE * calls);
  }

  /** `sentMs` is when it was sent. */
  refused(calls: number, sentMs: number): void {
    if (sentMs >= this.#countsSinceMs) this.#debt += calls;
  }

  /** So many calls could not be sent. */
  lost(calls: number): void {
    this.#debt += calls;
  }

  forgive(): void {
    this.#debt = Math.min(this.#debt, FORGIVEN);
  }

  forget(): void {
    this.#debt = 0;
  }

  /** Refusals of what is sent from now on count. */
  countFrom(nowMs: number): void {
    this.#countsSinceMs = nowMs;
  }

  /** The same, unless they do already. */
  begin(nowMs: number): void {
    this.#countsSinceMs = Math.min(this.#countsSinceMs, nowMs);
  }
}
