/** How long an upstream that has answered a method is doubted when it says that it lacks it. */
const RECENT_MS = 5 * 60_000;
const SLOTS = 256;
/** Of a name, so much tells it from others. */
const HASHED_LENGTH = 64;

/**
 * Which methods an upstream has answered in the last minutes. A fixed table by a hash of the name, without the
 * name: two methods that share a slot are taken for one, which costs one needless question.
 */
export class RecentMethods {
  readonly #answeredMs = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
  /** It was doubted since it answered last. */
  readonly #doubted = new Uint8Array(SLOTS);

  /** It has answered this method well, at this moment (monotonic milliseconds). */
  answered(method: string, nowMs: number): void {
    const slot = slotOf(method);
    this.#answeredMs[slot] = nowMs;
    this.#doubted[slot] = 0;
  }

  /** Whether it has answered the method well in the last minutes, whatever it said since. */
  has(method: string, nowMs: number): boolean {
    return nowMs - (this.#answeredMs[slotOf(method)] ?? Number.NEGATIVE_INFINITY) < RECENT_MS;
  }

  /** Whether it has done so and is to be doubted: once, a second refusal in a row is believed. */
  takeDoubt(method: string, nowMs: number): boolean {
    const slot = slotOf(method);
    const isFirst = this.#doubted[slot] === 0;
    this.#doubted[slot] = 1;
    return isFirst && this.has(method, nowMs);
  }
}

/** FNV-1a (Fowler, Noll, Vo), folded to a slot. */
function slotOf(method: string): number {
  let hash = 0x811c9dc5;
  const length = Math.min(method.length, HASHED_LENGTH);
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ method.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}
