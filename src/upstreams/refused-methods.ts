/** Tells a limit of some methods from one that holds for all that an upstream is asked. */

import { METHOD_SLOTS, slotOfMethod } from './recent-methods.ts';

/** How improbable it must be that nothing else was refused, if the limit held for all: a wrong guess costs a second of it. */
const CHANCE = 0.0001;
/** Where the refusal tells a time: to believe it of all costs that time, and to doubt it a refusal. */
const CHANCE_TOLD = 0.2;
/** What is refused so long after the first refusal is another matter. */
const SPAN_MS = 60_000;
/** How long a limit is known to be a method's after its last refusal. */
const KNOWN_MS = 5 * 60_000;
/** More methods than this are all. */
const MOST = 4;

interface Refusal {
  /** No call of the method was answered well in the last minutes. */
  readonly isNew: boolean;
  /** It came with a time for which to leave the upstream alone. */
  readonly isTold: boolean;
  /** A limit of all was known before. */
  readonly hasLimit: boolean;
}

/**
 * A limit that holds for all refuses each method as often as it is asked for. So if a share `s` of the calls since the
 * first refusal were of the methods that were refused, and `n` refusals followed, the chance that nothing else was refused
 * is `s` to the power of `n`.
 */
export class RefusedMethods {
  /** Those whose own limit it is, and when each was last refused. */
  readonly #own = new Map<string, number>();
  /** Those that were refused, and nothing else, since `#beganMs`. */
  readonly #suspects: string[] = [];
  #beganMs = 0;
  /** Before the first refusal. */
  #hadLimit = false;
  /** After the first one. */
  #refusals = 0;
  /** Accepted since the first refusal; of each method by a hash of its name. */
  #accepted = 0;
  readonly #acceptedOf = new Uint32Array(METHOD_SLOTS);
  #passed = false;

  /**
   * A call of this method was refused. Returns whose limit it is; `proved` the first time that it is known to be the
   * method's, where earlier refusals were taken for a limit of all and there was none before.
   */
  refused(method: string, { isNew, isTold, hasLimit }: Refusal, nowMs: number): 'all' | 'own' | 'proved' {
    if (nowMs - (this.#own.get(method) ?? -Infinity) < KNOWN_MS || (isNew && this.#passed)) {
      if (!this.#own.has(method)) this.#passed = false;
      this.#know(method, nowMs);
      return 'own';
    }
    this.#passed = false;
    if (this.#isProof(method, isTold ? CHANCE_TOLD : CHANCE, nowMs)) {
      for (const each of this.#suspects) this.#know(each, nowMs);
      this.#suspects.length = 0;
      return this.#hadLimit ? 'own' : 'proved';
    }
    if (this.#refusals === 0) this.#hadLimit = hasLimit;
    this.#own.clear();
    return 'all';
  }

  /** Calls of several methods were refused at once. */
  refusedAll(): void {
    this.#own.clear();
    this.#suspects.length = 0;
    this.#passed = false;
  }

  /** A call was accepted; of a batch of several methods the method is undefined. */
  accepted(method: string | undefined): void {
    this.#passed = true;
    if (this.#suspects.length === 0) return;
    this.#accepted += 1;
    if (method === undefined) return;
    const slot = slotOfMethod(method);
    this.#acceptedOf[slot] = (this.#acceptedOf[slot] ?? 0) + 1;
  }

  #isProof(method: string, chance: number, nowMs: number): boolean {
    const suspects = this.#suspects;
    const isLate = nowMs - this.#beganMs > SPAN_MS;
    if (!isLate && suspects.length > 0) this.#refusals += 1;
    else {
      suspects.length = 0;
      this.#beganMs = nowMs;
      this.#refusals = 0;
      this.#accepted = 0;
      this.#acceptedOf.fill(0);
    }
    if (!suspects.includes(method)) suspects.push(method);
    if (suspects.length > MOST) {
      suspects.length = 0;
      return false;
    }
    if (this.#refusals === 0) return false;
    let calls = this.#refusals;
    for (const each of suspects) calls += this.#acceptedOf[slotOfMethod(each)] ?? 0;
    return (calls / (this.#accepted + this.#refusals)) ** this.#refusals < chance;
  }

  #know(method: string, nowMs: number): void {
    this.#own.delete(method);
    this.#own.set(method, nowMs);
    const [oldest] = this.#own.keys();
    if (this.#own.size > MOST && oldest !== undefined) this.#own.delete(oldest);
  }
}
