/** The full 2Q of Johnson and Shasha (VLDB 1994), with a time to live. */

import { LRUCache } from 'lru-cache';
import type { Clock } from '../clock.ts';

export interface TwoQueueOptions {
  readonly clock: Clock;
  /** Entries with a value, A1in and Am together. An integer from 1. */
  readonly capacity: number;
  /** How long a key is remembered after its life has ended. More than 0. */
  readonly memoryMs: number;
}

/** What is known of a key: its queue, and its last value, which a ghost has lost. */
export type Remembered<V> =
  | { readonly queue: 'A1in' | 'Am'; readonly value: V }
  | { readonly queue: 'A1out'; readonly value?: undefined };

interface QueueEntry<V> {
  readonly key: string;
  value: V;
  /** The entry lives until just before this moment. */
  endMs: number;
}

interface Queues<V> {
  readonly capacity: number;
  readonly kin: number;
  readonly a1in: LRUCache<string, QueueEntry<V>>;
  /** The value is the moment at which the key became a ghost. */
  readonly a1out: LRUCache<string, number>;
  readonly am: LRUCache<string, QueueEntry<V>>;
}

/**
 * As in "2Q: A Low Overhead High Performance Buffer Management Replacement Algorithm": a new key enters A1in (a FIFO);
 * what leaves A1in is remembered in A1out as a ghost (a FIFO of keys); a key that is written while it is a ghost enters
 * Am (an LRU). So keys that come once, however many, can't evict those that recur.
 *
 * What "reference" and "page out" mean with a time to live:
 * - A reference is a write. A read changes nothing.
 * - A write of a key that lives in A1in is the paper's correlated reference: it renews value and life, but the key
 *   keeps its place and is not promoted.
 * - When its life ends, a key of A1in becomes a ghost, as if it had been paged out.
 * - When its life ends, a key of Am stays there, so that its next write renews it there.
 * - A ghost, and a key of Am that no longer lives, are forgotten `memoryMs` after that moment.
 *
 * Kin is 25 % and Kout 50 % of the capacity, as the paper advises. lru-cache keeps the order of the queues
 * and the time of the ghosts. The end of an entry's life is kept in the entry: a key of Am outlasts it, and lru-cache
 * can't change a time without making the key the youngest.
 */
export class TwoQueue<V> {
  readonly #clock: Clock;
  readonly #memoryMs: number;
  #queues: Queues<V>;
  /** No life in A1in ends before this: saves a pass through A1in at nearly every call. */
  #nextEndMs = Number.POSITIVE_INFINITY;

  /** @throws RangeError or TypeError when `capacity` is not an integer from 1, or `memoryMs` is not above 0. */
  constructor(options: TwoQueueOptions) {
    // lru-cache treats a time to live of 0 as "forever".
    if (!(options.memoryMs > 0)) throw new RangeError('memoryMs must be more than 0');
    this.#clock = options.clock;
    this.#memoryMs = options.memoryMs;
    this.#queues = this.#emptyQueues(options.capacity);
  }

  get capacity(): number {
    return this.#queues.capacity;
  }

  /** The length that A1in may always have: up to that many keys never evict each other. */
  get kin(): number {
    return this.#queues.kin;
  }

  /** How many keys each queue holds; Am's include those that no longer live. */
  get sizes(): { readonly A1in: number; readonly A1out: number; readonly Am: number } {
    this.#age();
    this.#forgetOld();
    const { a1in, a1out, am } = this.#queues;
    return { A1in: a1in.size, A1out: a1out.size, Am: am.size };
  }

  get liveCount(): number {
    return this.live().length;
  }

  /** Costs next to nothing; also false while only ghosts and keys that no longer live are held. */
  get isEmpty(): boolean {
    return this.#queues.a1in.size + this.#queues.a1out.size + this.#queues.am.size === 0;
  }

  /** Writes a value that lives for `ttlMs` from now, and returns the queue that it is in now. */
  set(key: string, value: V, ttlMs: number): 'A1in' | 'Am' {
    this.#age();
    const { a1in, a1out, am } = this.#queues;
    const endMs = this.#clock.monotonicMs() + ttlMs;
    const held = a1in.peek(key);
    if (held) {
      // Not a1in.set: lru-cache would move the key to the young end, and A1in is a FIFO.
      held.value = value;
      held.endMs = endMs;
      this.#nextEndMs = Math.min(this.#nextEndMs, endMs);
      return 'A1in';
    }
    const again = this.#inAm(key) !== undefined;
    // A ghost leaves A1out first: the reclaim may evict the oldest one, which may be this one.
    const ghost = a1out.has(key) && a1out.delete(key);
    if (!again) this.#reclaim();
    if (again || ghost) {
      am.set(key, { key, value, endMs });
      return 'Am';
    }
    a1in.set(key, { key, value, endMs });
    this.#nextEndMs = Math.min(this.#nextEndMs, endMs);
    return 'A1in';
  }

  /** The value of a key that lives. */
  get(key: string): V | undefined {
    const { a1in, am } = this.#queues;
    const entry = a1in.peek(key) ?? am.peek(key);
    return entry && this.#clock.monotonicMs() < entry.endMs ? entry.value : undefined;
  }

  /** What is known of a key, also when it no longer lives. */
  remembered(key: string): Remembered<V> | undefined {
    this.#age();
    const once = this.#queues.a1in.peek(key);
    if (once) return { queue: 'A1in', value: once.value };
    const again = this.#inAm(key);
    if (again) return { queue: 'Am', value: again.value };
    return this.#queues.a1out.has(key) ? { queue: 'A1out' } : undefined;
  }

  /** Ends a life now; the key stays remembered. False when the key does not live. */
  expire(key: string): boolean {
    this.#age();
    const nowMs = this.#clock.monotonicMs();
    const entry = this.#queues.a1in.peek(key) ?? this.#queues.am.peek(key);
    if (!entry || entry.endMs <= nowMs) return false;
    entry.endMs = nowMs;
    if (this.#queues.a1in.delete(key)) this.#toGhost(entry);
    return true;
  }

  /** Forgets the key altogether. False when nothing was known of it. */
  delete(key: string): boolean {
    const known = this.remembered(key) !== undefined;
    for (const name of ['a1in', 'a1out', 'am'] as const) this.#queues[name].delete(key);
    return known;
  }

  /** The keys that live, with their values: A1in from old to young, then Am from old to young. */
  live(): [key: string, value: V][] {
    const nowMs = this.#clock.monotonicMs();
    const { a1in, am } = this.#queues;
    return [...oldestFirst(a1in), ...oldestFirst(am)]
      .filter((entry) => nowMs < entry.endMs)
      .map((entry) => [entry.key, entry.value]);
  }

  /** All keys that are remembered, including ghosts. */
  keys(): string[] {
    this.#age();
    this.#forgetOld();
    const { a1in, a1out, am } = this.#queues;
    return [...a1in.rkeys(), ...a1out.rkeys(), ...am.rkeys()];
  }

  /** Makes room for more keys; none is lost. Does nothing when there is as much room already. */
  grow(capacity: number): void {
    if (capacity <= this.#queues.capacity) return;
    this.#age();
    const old = this.#queues;
    this.#queues = this.#emptyQueues(capacity);
    for (const entry of oldestFirst(old.a1in)) this.#queues.a1in.set(entry.key, entry);
    for (const entry of oldestFirst(old.am)) this.#queues.am.set(entry.key, entry);
    old.a1out.rforEach((sinceMs, key) => this.#putGhost(key, sinceMs));
  }

  /** Frees a slot when all are taken: the paper's "reclaimfor". */
  #reclaim(): void {
    const { capacity, kin, a1in, am } = this.#queues;
    if (a1in.size + am.size >= capacity) this.#forgetOld();
    if (a1in.size + am.size < capacity) return;
    // A page that is evicted from Am does not become a ghost: it was not used for a long time.
    if (a1in.size <= kin) am.pop();
    else this.#toGhost(a1in.pop());
  }

  /** Turns the keys in A1in whose life has ended into ghosts, in the order of those ends. */
  #age(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#nextEndMs) return;
    const { a1in } = this.#queues;
    const over: QueueEntry<V>[] = [];
    this.#nextEndMs = Number.POSITIVE_INFINITY;
    for (const entry of oldestFirst(a1in)) {
      if (entry.endMs <= nowMs) over.push(entry);
      else this.#nextEndMs = Math.min(this.#nextEndMs, entry.endMs);
    }
    for (const entry of over.sort((a, b) => a.endMs - b.endMs)) {
      a1in.delete(entry.key);
      this.#toGhost(entry);
    }
  }

  /** The ghost's time counts from the end of its life, or from now when it was evicted before. */
  #toGhost(entry: QueueEntry<V> | undefined): void {
    if (entry) this.#putGhost(entry.key, Math.min(entry.endMs, this.#clock.monotonicMs()));
  }

  #putGhost(key: string, sinceMs: number): void {
    // lru-cache treats a start of 0 as "forever"; a clock that began above 0 never returns it.
    this.#queues.a1out.set(key, sinceMs, { start: sinceMs, ttl: this.#memoryMs });
  }

  /** The entry in Am, dropped when its memory is over. */
  #inAm(key: string): QueueEntry<V> | undefined {
    const { am } = this.#queues;
    const entry = am.peek(key);
    const over = entry && this.#clock.monotonicMs() - entry.endMs > this.#memoryMs;
    return over && am.delete(key) ? undefined : entry;
  }

  #forgetOld(): void {
    this.#queues.a1out.purgeStale();
    for (const entry of oldestFirst(this.#queues.am)) this.#inAm(entry.key);
  }

  #emptyQueues(capacity: number): Queues<V> {
    // Without a resolution of 0 lru-cache would cache the time with a timer of the real clock.
    const perf = { now: () => this.#clock.monotonicMs() };
    return {
      capacity,
      kin: Math.floor(capacity / 4),
      a1in: new LRUCache({ max: capacity }),
      a1out: new LRUCache({ max: Math.max(1, Math.floor(capacity / 2)), perf, ttlResolution: 0 }),
      am: new LRUCache({ max: capacity }),
    };
  }
}

function oldestFirst<V>(queue: LRUCache<string, QueueEntry<V>>): QueueEntry<V>[] {
  const entries: QueueEntry<V>[] = [];
  queue.rforEach((entry) => entries.push(entry));
  return entries;
}
