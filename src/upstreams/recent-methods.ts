/** Which methods an upstream has answered in the last minutes. */

/** How long an upstream that has answered a method is not believed when it says that it lacks it. */
const RECENT_MS = 5 * 60_000;
export const METHOD_SLOTS = 256;
/** Characters of a name that are hashed: enough to distinguish it. */
const HASHED_LENGTH = 64;

/**
 * A table of fixed size by a hash of the name, without the name: two methods in one slot count as the same, which costs
 * one needless question.
 */
export class RecentMethods {
  readonly #answeredMs = new Float64Array(METHOD_SLOTS).fill(Number.NEGATIVE_INFINITY);
  /** 1: a refusal was doubted since the last answer. */
  readonly #doubted = new Uint8Array(METHOD_SLOTS);

  /** It has answered this method well, at this time (monotonic milliseconds). */
  answered(method: string, nowMs: number): void {
    const slot = slotOfMethod(method);
    this.#answeredMs[slot] = nowMs;
    this.#doubted[slot] = 0;
  }

  /** Whether it has answered the method well in the last minutes, even if it refused it since. */
  has(method: string, nowMs: number): boolean {
    return nowMs - (this.#answeredMs[slotOfMethod(method)] ?? Number.NEGATIVE_INFINITY) < RECENT_MS;
  }

  /** Whether a refusal of the method is to be doubted: only the first since a recent answer, a second is believed. */
  doubtOnce(method: string, nowMs: number): boolean {
    const slot = slotOfMethod(method);
    const isFirst = this.#doubted[slot] === 0;
    this.#doubted[slot] = 1;
    return isFirst && this.has(method, nowMs);
  }
}

/** FNV-1a (Fowler, Noll, Vo), folded to one of METHOD_SLOTS. */
export function slotOfMethod(method: string): number {
  let hash = 0x811c9dc5;
  const length = Math.min(method.length, HASHED_LENGTH);
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ method.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 16)) & (METHOD_SLOTS - 1);
}
