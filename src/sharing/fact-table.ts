/** All facts that a process knows, its own and those of others. */

import type { Clock } from '../clock.ts';
import { type Fact, inOrder, isUrgent, kindOf, type Reach, reaches, readFact, subjectOf } from './fact.ts';

/** Carries facts to other processes, and calls `receive` with theirs. */
export interface Transport {
  readonly reach: Reach;
  /** Must not wait, nor throw. `areUrgent`: some of them must be there within a tenth of a second. */
  send(facts: readonly Fact[], areUrgent: boolean): void;
}

/** What others have found. */
export interface News {
  readonly subject: string;
  /** Undefined when it is over. */
  readonly value: object | undefined;
  /** From now on, in milliseconds; null: until it is replaced. */
  readonly leftMs: number | null;
}

export type Reader = (news: News) => void;

interface Entry {
  readonly version: number;
  readonly origin: string;
  readonly value: object | null;
  /** Monotonic milliseconds; Infinity: until it is replaced. */
  readonly untilMs: number;
}

/** So long after its end a fact is remembered: an older one that comes late must not take its place. */
const MEMORY_MS = 60_000;
/** A version that is so far ahead of this machine's clock is no version. */
const MAX_AHEAD_MS = 24 * 3_600_000;
/** Of one kind; far more than any fleet has. What comes from elsewhere beyond it is ignored, so that memory is bounded. */
const MAX_FACTS = 100_000;
/** Those that are forgotten are looked for after so many changes. */
const SWEEP_EACH = 1_000;

/**
 * A map in which the last writer wins: merging is idempotent, commutative and associative, so that all tables agree once
 * all facts have arrived, in whatever order and however often. Versions are hybrid logical times (Kulkarni and others,
 * "Logical Physical Clocks", 2014): the milliseconds of the wall clock, but later than all that was written or received
 * before. So a change follows what its writer knew, even where clocks differ.
 */
export class FactTable {
  readonly origin: string;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();
  /** How many there are of each kind. */
  readonly #counts = new Map<string, number>();
  readonly #readers = new Map<string, Reader[]>();
  readonly #transports = new Set<Transport>();
  #version = 0;
  #changes = 0;

  /** No other process, and no other run of this one, has the same origin. */
  constructor({ clock, origin }: { readonly clock: Clock; readonly origin: string }) {
    this.#clock = clock;
    this.origin = origin;
  }

  /**
   * Writes a fact of our own, of JSON, for so many milliseconds; null: until it is replaced. Not told to readers here. A fact
   * of a kind that can wait may be urgent all the same.
   */
  put(key: string, value: object, leftMs: number | null, isUrgent = false): void {
    const untilMs = leftMs === null ? Number.POSITIVE_INFINITY : this.#clock.monotonicMs() + leftMs;
    this.#write(key, value, untilMs, isUrgent);
  }

  /** It is over, for all. Does nothing when it is not in force. */
  end(key: string): void {
    const entry = this.#inForce(key);
    if (entry) this.#write(key, null, entry.untilMs);
  }

  /** Ends a fact for a process that has gone: for all, readers here included. */
  endForGone(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry || entry.value === null) return;
    this.#write(key, null, Math.max(entry.untilMs, this.#clock.monotonicMs()));
    this.#tell(key, this.#readers.get(kindOf(key)) ?? []);
  }

  /** How many of a kind are known, with those that are over and not forgotten. */
  countOf(kind: string): number {
    return this.#counts.get(kind) ?? 0;
  }

  /** Drops what is known of a fact here, without a word to others: of kinds whose readers keep them, bounded, themselves. */
  forget(key: string): void {
    if (this.#entries.delete(key)) this.#count(key, -1);
  }

  /** Whether one fact was written after another; false where one of them is not known. Two writers at once have an order, too. */
  isLater(key: string, than: string): boolean {
    const [one, other] = [this.#entries.get(key), this.#entries.get(than)];
    return one !== undefined && other !== undefined && isNewer(one, other);
  }

  /** Takes facts from a transport: those that are news go to their readers, and to all other transports. */
  receive(received: readonly unknown[], from: Transport): void {
    const news: Fact[] = [];
    for (const each of received) {
      const fact = readFact(each);
      // What is true of one machine can't be said by another one.
      if (fact && reaches(fact, from.reach) && this.#accept(fact)) news.push(fact);
    }
    if (news.length === 0) return;
    const ordered = inOrder(news);
    for (const transport of this.#transports) if (transport !== from) sendBy(transport, ordered);
    for (const fact of ordered) this.#tell(fact.key, this.#readers.get(kindOf(fact.key)) ?? []);
  }

  /** Calls `reader` for each news of a kind, and for what is known already. It must not throw. */
  read(kind: string, reader: Reader): void {
    const readers = this.#readers.get(kind) ?? [];
    this.#readers.set(kind, [...readers, reader]);
    for (const key of [...this.#entries.keys()])
      if (kindOf(key) === kind && this.#inForce(key)) this.#tell(key, [reader]);
  }

  /** The value that is in force. */
  get(key: string): object | undefined {
    return this.#inForce(key)?.value ?? undefined;
  }

  /** The news of one fact as they would be told now; undefined when it is not in force. */
  newsOf(key: string): News | undefined {
    return this.#inForce(key) ? this.#newsOf(key) : undefined;
  }

  /** What is in force of a kind, by subject. */
  current(kind: string): ReadonlyMap<string, object> {
    const current = new Map<string, object>();
    for (const key of this.#entries.keys()) {
      if (kindOf(key) !== kind) continue;
      const value = this.get(key);
      if (value) current.set(subjectOf(key), value);
    }
    return current;
  }

  /** It is sent all news from now on. */
  connect(transport: Transport): void {
    this.#transports.add(transport);
  }

  disconnect(transport: Transport): void {
    this.#transports.delete(transport);
  }

  /** All that is known and may go so far, what is over included, for those who join. */
  snapshot(reach: Reach): Fact[] {
    this.#sweep();
    const facts = [...this.#entries].map(([key, entry]) => this.#factOf(key, entry));
    return facts.filter((fact) => reaches(fact, reach));
  }

  #write(key: string, value: object | null, untilMs: number, isUrgent = false): void {
    this.#version = Math.max(this.#version + 1, Math.floor(this.#clock.wallMs()));
    const entry = { version: this.#version, origin: this.origin, value, untilMs };
    this.#set(key, entry);
    if (this.#transports.size === 0) return;
    const facts = [this.#factOf(key, entry)];
    for (const transport of this.#transports) sendBy(transport, facts, isUrgent);
  }

  /** Whether it is news. */
  #accept({ key, version, origin, leftMs, value }: Fact): boolean {
    if (version > this.#clock.wallMs() + MAX_AHEAD_MS) return false;
    const known = this.#entries.get(key);
    if (!known && this.countOf(kindOf(key)) >= MAX_FACTS) return false;
    if (known && !isNewer({ version, origin }, known)) return false;
    this.#version = Math.max(this.#version, version);
    const untilMs = this.#clock.monotonicMs() + (leftMs ?? Number.POSITIVE_INFINITY);
    this.#set(key, { version, origin, value, untilMs });
    return true;
  }

  #set(key: string, entry: Entry): void {
    if (!this.#entries.has(key)) this.#count(key, 1);
    this.#entries.set(key, entry);
    this.#changes += 1;
    if (this.#changes % SWEEP_EACH === 0) this.#sweep();
  }

  #tell(key: string, readers: readonly Reader[]): void {
    const news = this.#newsOf(key);
    for (const reader of readers) reader(news);
  }

  #newsOf(key: string): News {
    const entry = this.#inForce(key);
    const subject = subjectOf(key);
    return entry
      ? { subject, value: entry.value ?? undefined, leftMs: this.#leftMs(entry) }
      : { subject, value: undefined, leftMs: 0 };
  }

  #inForce(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry && entry.value !== null && entry.untilMs > this.#clock.monotonicMs() ? entry : undefined;
  }

  #leftMs({ untilMs }: Entry): number | null {
    return untilMs === Number.POSITIVE_INFINITY ? null : Math.max(0, untilMs - this.#clock.monotonicMs());
  }

  #factOf(key: string, entry: Entry): Fact {
    const { version, origin, value } = entry;
    return { key, version, origin, leftMs: this.#leftMs(entry), value };
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [key, { untilMs }] of this.#entries) if (untilMs + MEMORY_MS <= nowMs) this.forget(key);
  }

  #count(key: string, change: 1 | -1): void {
    const kind = kindOf(key);
    this.#counts.set(kind, this.countOf(kind) + change);
  }
}

type Stamp = Pick<Entry, 'version' | 'origin'>;

function isNewer(one: Stamp, other: Stamp): boolean {
  return one.version > other.version || (one.version === other.version && one.origin > other.origin);
}

function sendBy(transport: Transport, facts: readonly Fact[], areUrgent = false): void {
  const sent = facts.filter((fact) => reaches(fact, transport.reach));
  if (sent.length > 0) transport.send(sent, areUrgent || sent.some(isUrgent));
}
