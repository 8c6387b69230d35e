/** How much an upstream takes at once: what was learnt of its widest range of blocks and of its largest batch. */

/** How long what was learnt from a refusal is believed. */
const LEARNT_FOR_MS = 3_600_000;

/** What tells the time. */
interface Time {
  /** In milliseconds. */
  monotonicMs(): number;
}

/** What is known of a limit, for other processes. */
export interface KnownCapacity {
  readonly limit: number;
  readonly good: number;
  /** Null: none was refused. */
  readonly bad: number | null;
}

/**
 * One limit. A refusal that states a number sets it. After one that does not the limit is halfway between the largest
 * size that went well and the smallest that was refused: each refusal then halves what is uncertain.
 */
export class Capacity {
  /** No larger one has gone well. */
  #good = 0;
  /** No smaller one was refused. */
  #bad = Number.POSITIVE_INFINITY;
  #limit: number | undefined;
  #untilMs = 0;

  /** The largest size that it is asked for; undefined when no limit is known. */
  limit(time: Time): number | undefined {
    if (this.#limit !== undefined && time.monotonicMs() >= this.#untilMs) this.#forget();
    return this.#limit;
  }

  /** The largest size that is known to go well, or, as long as none is, the limit that is assumed. */
  shown(time: Time): number | undefined {
    const limit = this.limit(time);
    return limit === undefined ? undefined : this.#good || limit;
  }

  /**
   * A request of that size was refused, by a text that states this limit or none. A size that is not known, and a limit
   * that is not below the size, tell nothing. True when the limit has changed.
   */
  refused(size: number | undefined, stated: number | undefined, time: Time): boolean {
    const before = this.limit(time);
    const isTrue = stated !== undefined && stated >= 1 && (size === undefined || stated < size);
    if (isTrue) {
      this.#good = stated;
      this.#bad = stated + 1;
    } else if (size !== undefined && size > 1) {
      if (size <= this.#good) this.#good = 0;
      this.#bad = Math.min(size, this.#bad);
    } else return false;
    this.#limit = this.#between();
    this.#untilMs = time.monotonicMs() + LEARNT_FOR_MS;
    return this.#limit !== before;
  }

  /** A request of that size was done. True when that has raised the limit above what is known to go well. */
  wentWell(size: number, time: Time): boolean {
    const before = this.limit(time);
    if (before === undefined || size <= this.#good) return false;
    this.#good = size;
    if (size >= this.#bad) this.#bad = Number.POSITIVE_INFINITY;
    this.#limit = this.#bad === Number.POSITIVE_INFINITY ? Math.max(before, size) : this.#between();
    return size > before;
  }

  /** With how long it is believed from now on, in milliseconds; undefined when no limit is known. */
  known(time: Time): { readonly capacity: KnownCapacity; readonly leftMs: number } | undefined {
    const limit = this.limit(time);
    if (limit === undefined) return undefined;
    const bad = this.#bad === Number.POSITIVE_INFINITY ? null : this.#bad;
    return { capacity: { limit, good: this.#good, bad }, leftMs: this.#untilMs - time.monotonicMs() };
  }

  /** Takes over what another process has learnt, for so many milliseconds from now on. */
  adopt({ limit, good, bad }: KnownCapacity, leftMs: number, time: Time): void {
    this.#limit = limit;
    this.#good = good;
    this.#bad = bad ?? Number.POSITIVE_INFINITY;
    this.#untilMs = time.monotonicMs() + leftMs;
  }

  #between(): number {
    return Math.max(1, this.#good + Math.floor((this.#bad - this.#good) / 2));
  }

  #forget(): void {
    this.#limit = undefined;
    this.#good = 0;
    this.#bad = Number.POSITIVE_INFINITY;
  }
}

/** The limits of one upstream. */
export class Capacities {
  /** Blocks in the range of one eth_getLogs. */
  readonly logsRange = new Capacity();
  /** Calls in one batch, those that want no answer included. */
  readonly batch = new Capacity();
}
