import type { Clock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import type { Random } from '../random.ts';
import { type Blame, fittingRestMs, growsWithRepetition, statedRestMs } from './rest-time.ts';
import { TwoQueue } from './two-queue.ts';

/** Why and until when an upstream, or one of its methods, is left out. */
export interface QuarantineEntry {
  readonly reason: FailureReason;
  /** The first moment at which it is usable again; monotonic milliseconds. */
  readonly untilMs: number;
  /** The cause may have passed already: when nothing is usable, a request may try it. */
  readonly mayTry: boolean;
  /** When it began; monotonic milliseconds. */
  readonly sinceMs: number;
  /** It is not known yet whether the upstream or a request was to blame. */
  readonly inQuestion?: true;
}

/** An entry as it is kept. */
export interface StoredEntry extends QuarantineEntry {
  /** How often the time of this repeat offender was doubled. */
  readonly doublings: number;
  /** The last blame, also one that changed nothing else: a check that began before it proves nothing. */
  blamedMs: number;
  /** When a banned method was last asked for all the same. */
  triedMs: number;
}

export interface QuarantineStoreOptions {
  /** One time for every cause, in milliseconds and more than 0, or a time that fits the cause. */
  readonly timeToLive: 'auto' | number;
  readonly clock: Clock;
  readonly random: Random;
  /** How many can be kept at a time. */
  readonly capacity: number;
}

/** How long an entry is remembered after its time is over. */
const MEMORY_MS = 10 * 60_000;

/**
 * QuarantineStore by a key, in a 2Q store with a time to live. What is in Am is a repeat offender: its time is doubled
 * for causes that grow with repetition.
 */
export class QuarantineStore {
  readonly #options: QuarantineStoreOptions;
  readonly #store: TwoQueue<StoredEntry>;
  /** Rate limits without a stated time since the last success. */
  readonly #rateLimits = new Map<string, number>();

  constructor(options: QuarantineStoreOptions) {
    this.#options = options;
    this.#store = new TwoQueue({ clock: options.clock, capacity: options.capacity, memoryMs: MEMORY_MS });
  }

  get isEmpty(): boolean {
    return this.#store.isEmpty;
  }

  /** The entry that is in force. */
  get(key: string): StoredEntry | undefined {
    return this.#store.get(key);
  }

  /** All that are being in force. */
  live(): StoredEntry[] {
    return this.#store.live().map(([, entry]) => entry);
  }

  /** All keys of which something is remembered. */
  keys(): string[] {
    return this.#store.keys();
  }

  /** Ends one now; the offence stays remembered. False when none is being in force. */
  expire(key: string): boolean {
    return this.#store.expire(key);
  }

  /** Forgets all of a key. False when no offence was known. */
  delete(key: string): boolean {
    this.#rateLimits.delete(key);
    return this.#store.delete(key);
  }

  /** The next rate limit without a stated time is a first one again. */
  succeeded(key: string): void {
    this.#rateLimits.delete(key);
  }

  /** No more keys than A1in may hold: then 2Q never pushes one out. */
  makeRoom(): void {
    const { A1in, A1out, Am } = this.#store.sizes;
    if (A1in + A1out + Am >= this.#store.kin) this.#store.grow(2 * this.#store.capacity);
  }

  /** Imposes one. Resulting milliseconds from now; undefined when one is being in force that ends later. */
  impose(key: string, blame: Blame): number | undefined {
    const nowMs = this.#options.clock.monotonicMs();
    const live = this.#store.get(key);
    const doublings = this.#countDoublings(key, blame);
    const { ms, mayTry } = this.#measure(key, blame, doublings);
    if (live) live.blamedMs = nowMs;
    if (live && nowMs + ms <= live.untilMs) return undefined;
    const { reason } = blame;
    const untilMs = nowMs + ms;
    const sinceMs = live?.sinceMs ?? nowMs;
    const triedMs = live?.triedMs ?? nowMs;
    this.#store.set(key, { reason, untilMs, mayTry, sinceMs, doublings, blamedMs: nowMs, triedMs }, ms);
    return ms;
  }

  #measure(key: string, blame: Blame, doublings: number): { readonly ms: number; readonly mayTry: boolean } {
    const { timeToLive, clock, random } = this.#options;
    if (timeToLive !== 'auto') return { ms: timeToLive, mayTry: false };
    const statedMs = statedRestMs(blame.rest, clock.wallMs());
    if (statedMs !== undefined) return { ms: statedMs, mayTry: false };
    const history = { doublings, rateLimits: this.#countRateLimits(key, blame) };
    const mayTry = growsWithRepetition(blame.reason);
    return { ms: fittingRestMs(blame.reason, history, random), mayTry };
  }

  /** Of whole upstreams only: counts of methods would be as many as clients can think of. */
  #countRateLimits(key: string, { reason, method }: Blame): number {
    if (reason !== 'rate-limited' || method !== undefined) return 1;
    const before = this.#rateLimits.get(key) ?? 0;
    const count = this.#store.get(key) ? Math.max(1, before) : before + 1;
    this.#rateLimits.set(key, count);
    return count;
  }

  /**
   * How often the time of a repeat offender is doubled: once when its second offence brings it into Am, once
   * more for each one while it is remembered there. Causes that don't grow leave the count as it is.
   */
  #countDoublings(key: string, { reason }: Blame): number {
    const known = this.#store.remembered(key);
    const before = known?.value?.doublings ?? 0;
    const isRepeated = known !== undefined && this.#store.get(key) === undefined;
    return isRepeated && growsWithRepetition(reason) ? before + 1 : before;
  }
}
