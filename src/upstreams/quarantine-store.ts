/** Quarantine entries by key, with what is remembered of earlier ones. */

import type { Clock } from '../clock.ts';
import type { FailureReason } from '../events.ts';
import type { Random } from '../random.ts';
import {
  type Blame,
  defaultDurationMs,
  growsWithRepetition,
  requestedDurationMs,
} from './quarantine-duration.ts';
import { TwoQueue } from './two-queue.ts';

/** Why and until when an upstream, or one of its methods, is left out. */
export interface QuarantineEntry {
  readonly reason: FailureReason;
  /** The first moment at which it is usable again; monotonic milliseconds. */
  readonly untilMs: number;
  /** The cause may be gone already: when nothing is usable, a request may try the upstream. */
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
  /** When it was last blamed, even if nothing else changed: a check that began before proves nothing. */
  blamedMs: number;
  /** When a banned method was last asked for anyway. */
  triedMs: number;
  /** The end that was announced. */
  announcedMs: number;
}

/** What another process knows of an entry of its own. */
export type KnownEntry = Pick<StoredEntry, 'reason' | 'mayTry' | 'doublings'>;

export interface QuarantineStoreOptions {
  /** One time for every cause, in milliseconds and more than 0, or a time that fits the cause. */
  readonly timeToLive: 'auto' | number;
  readonly clock: Clock;
  readonly random: Random;
  /** How many keys can be kept at a time. */
  readonly capacity: number;
}

/** In `auto` none is longer: until 00:00 UTC. */
const LONGEST_MS = 24 * 3_600_000;
/** How long an entry is remembered after its time is over. */
const MEMORY_MS = 10 * 60_000;

/**
 * Keeps the entries in a 2Q store with a time to live. A key in Am is a repeat offender: its time is doubled for causes
 * that grow with repetition.
 */
export class QuarantineStore {
  readonly #options: QuarantineStoreOptions;
  #timeToLive: 'auto' | number;
  readonly #store: TwoQueue<StoredEntry>;
  /** Rate limits without a stated time since the last success. */
  readonly #rateLimits = new Map<string, number>();

  constructor(options: QuarantineStoreOptions) {
    this.#options = options;
    this.#timeToLive = options.timeToLive;
    this.#store = new TwoQueue({ clock: options.clock, capacity: options.capacity, memoryMs: MEMORY_MS });
  }

  setTimeToLive(timeToLive: 'auto' | number): void {
    this.#timeToLive = timeToLive;
  }

  get isEmpty(): boolean {
    return this.#store.isEmpty;
  }

  /** The entry that is in force; undefined when none is. */
  get(key: string): StoredEntry | undefined {
    return this.#store.get(key);
  }

  /** All entries that are in force. */
  live(): StoredEntry[] {
    return this.#store.live().map(([, entry]) => entry);
  }

  /** All keys that are remembered. */
  keys(): string[] {
    return this.#store.keys();
  }

  /** Ends an entry now; the key stays remembered. False when no entry is in force. */
  expire(key: string): boolean {
    return this.#store.expire(key);
  }

  /** Forgets a key entirely. False when it was not remembered. */
  delete(key: string): boolean {
    this.#rateLimits.delete(key);
    return this.#store.delete(key);
  }

  /** The next rate limit without a stated time counts as the first again. */
  succeeded(key: string): void {
    this.#rateLimits.delete(key);
  }

  /** Grows the store before it holds more keys than A1in may: then 2Q never evicts one. */
  makeRoom(): void {
    const { A1in, A1out, Am } = this.#store.sizes;
    if (A1in + A1out + Am >= this.#store.kin) this.#store.grow(2 * this.#store.capacity);
  }

  /** Adds an entry. Returns its milliseconds from now; undefined when one that ends later is in force. */
  add(key: string, blame: Blame): number | undefined {
    const nowMs = this.nowMs();
    const live = this.#store.get(key);
    const doublings = this.#countDoublings(key, blame);
    const { ms, mayTry } = this.#durationOf(key, blame, doublings);
    if (live) live.blamedMs = nowMs;
    if (live && nowMs + ms <= live.untilMs) return undefined;
    const { reason } = blame;
    const untilMs = nowMs + ms;
    const sinceMs = live?.sinceMs ?? nowMs;
    const triedMs = live?.triedMs ?? nowMs;
    const announcedMs = live?.announcedMs ?? untilMs;
    const entry = { reason, untilMs, mayTry, sinceMs, doublings, blamedMs: nowMs, triedMs, announcedMs };
    this.#store.set(key, entry, ms);
    return ms;
  }

  /**
   * Takes over an entry, for so many milliseconds from now on, in place of the one that is in force; for no longer than
   * one that is found here can be.
   */
  adopt(key: string, known: KnownEntry, toldMs: number): void {
    const nowMs = this.nowMs();
    const leftMs = Math.min(toldMs, this.#timeToLive === 'auto' ? LONGEST_MS : this.#timeToLive);
    const sinceMs = this.#store.get(key)?.sinceMs ?? nowMs;
    const untilMs = nowMs + leftMs;
    const times = { untilMs, sinceMs, blamedMs: nowMs, triedMs: nowMs, announcedMs: untilMs };
    this.#store.set(key, { ...known, ...times }, leftMs);
  }

  protected nowMs(): number {
    return this.#options.clock.monotonicMs();
  }

  #durationOf(
    key: string,
    blame: Blame,
    doublings: number,
  ): { readonly ms: number; readonly mayTry: boolean } {
    const { clock, random } = this.#options;
    if (this.#timeToLive !== 'auto') return { ms: this.#timeToLive, mayTry: false };
    const requestedMs = requestedDurationMs(blame.rest, clock.wallMs());
    if (requestedMs !== undefined) return { ms: requestedMs, mayTry: false };
    const history = { doublings, rateLimits: this.#countRateLimits(key, blame) };
    const mayTry = growsWithRepetition(blame.reason);
    return { ms: defaultDurationMs(blame.reason, history, random), mayTry };
  }

  /** For whole upstreams only: methods would need as many counts as clients can invent names. */
  #countRateLimits(key: string, { reason, method }: Blame): number {
    if (reason !== 'rate-limited' || method !== undefined) return 1;
    const before = this.#rateLimits.get(key) ?? 0;
    const count = this.#store.get(key) ? Math.max(1, before) : before + 1;
    this.#rateLimits.set(key, count);
    return count;
  }

  /**
   * How often the time of a repeat offender is doubled: once when its second quarantine puts it into Am, once more for
   * each one while it is remembered there. Causes that don't grow leave the count as it is.
   */
  #countDoublings(key: string, { reason }: Blame): number {
    const known = this.#store.remembered(key);
    const before = known?.value?.doublings ?? 0;
    const isRepeated = known !== undefined && this.#store.get(key) === undefined;
    return isRepeated && growsWithRepetition(reason) ? before + 1 : before;
  }
}
