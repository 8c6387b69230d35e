/** Counts the calls of the last second, in a ring that is made once. */

const SLOTS = 20;
const SLOT_MS = 50;

export class RecentCalls {
  readonly #counts: number[] = new Array(SLOTS).fill(0);
  #slot = -Infinity;
  #total = 0;

  add(calls: number, nowMs: number): void {
    this.#advance(nowMs);
    const at = this.#slot % SLOTS;
    this.#counts[at] = (this.#counts[at] ?? 0) + calls;
    this.#total += calls;
  }

  lastSecond(nowMs: number): number {
    this.#advance(nowMs);
    return this.#total;
  }

  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / SLOT_MS);
    if (slot <= this.#slot) return;
    if (slot - this.#slot >= SLOTS) {
      this.#counts.fill(0);
      this.#total = 0;
    } else {
      for (let passed = this.#slot + 1; passed <= slot; passed += 1) {
        this.#total -= this.#counts[passed % SLOTS] ?? 0;
        this.#counts[passed % SLOTS] = 0;
      }
    }
    this.#slot = slot;
  }
}
