/** Counts the calls of the last second, or of a longer time, in a ring that is made once. */

const SLOTS = 20;
const SLOT_MS = 50;

export class RecentCalls {
  readonly #slots: number;
  readonly #slotMs: number;
  readonly #counts: number[];
  #slot = -Infinity;
  #total = 0;

  /** Of so many slots of so many milliseconds; of one second if nothing is given. */
  constructor(slots = SLOTS, slotMs = SLOT_MS) {
    this.#slots = slots;
    this.#slotMs = slotMs;
    this.#counts = new Array(slots).fill(0);
  }

  add(calls: number, nowMs: number): void {
    this.#advance(nowMs);
    const at = this.#slot % this.#slots;
    this.#counts[at] = (this.#counts[at] ?? 0) + calls;
    this.#total += calls;
  }

  lastSecond(nowMs: number): number {
    this.#advance(nowMs);
    return this.#total;
  }

  /** Those of the last so many milliseconds, in whole slots. */
  within(ms: number, nowMs: number): number {
    this.#advance(nowMs);
    let calls = 0;
    const first = Math.max(0, this.#slot - Math.floor(ms / this.#slotMs) + 1);
    for (let slot = first; slot <= this.#slot; slot += 1) calls += this.#counts[slot % this.#slots] ?? 0;
    return calls;
  }

  #advance(nowMs: number): void {
    const slot = Math.floor(nowMs / this.#slotMs);
    if (slot <= this.#slot) return;
    if (slot - this.#slot >= this.#slots) {
      this.#counts.fill(0);
      this.#total = 0;
    } else {
      for (let passed = this.#slot + 1; passed <= slot; passed += 1) {
        this.#total -= this.#counts[passed % this.#slots] ?? 0;
        this.#counts[passed % this.#slots] = 0;
      }
    }
    this.#slot = slot;
  }
}
