/** The upstreams that are left out for a time, and the methods that single upstreams don't support. */

import type { Clock } from '../clock.ts';
import { Announcer, type FailureReason } from '../events.ts';
import type { Random } from '../random.ts';
import { MAX_METHOD_LENGTH, MethodBans, methodKey } from './method-bans.ts';
import type { Blame, Rest } from './quarantine-duration.ts';
import {
  type KnownEntry,
  type QuarantineEntry,
  QuarantineStore,
  type StoredEntry,
} from './quarantine-store.ts';
import type { StandingChanges } from './standing-changes.ts';
import type { Upstream } from './upstream.ts';

export type { Blame, QuarantineEntry, Rest };
export { MAX_METHOD_LENGTH };

export interface QuarantineOptions {
  /** One time for every cause, in milliseconds and more than 0, or a time that fits the cause. */
  readonly timeToLive: 'auto' | number;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  /** Told when the quarantine of a whole upstream begins, moves or is ended (not when its time is over). */
  readonly changes: StandingChanges;
  /** How many methods of upstreams can be banned at a time. */
  readonly methodCapacity?: number;
}

/** How long an upstream is left out at most until it is known what was to blame, in `auto`. */
const SUSPENSION_MS = 5_000;
/** How far its end must move to be announced, so that the many failures of requests in flight are not. */
const NOTABLE_EXTENSION_MS = 1_000;

/**
 * Two 2Q stores: the one for whole upstreams grows with their number, so that none is ever evicted for lack of room;
 * the one for methods is bounded, and takes no room from the other, however many methods clients invent.
 *
 * A failure while an entry is in force is a correlated reference: it may be one of many that were in flight. It
 * never shortens the time and doubles nothing; the entry that ends later applies.
 *
 * usable -> suspended                a request failed there that may have caused it (see Suspects)
 * suspended -> usable                a question of our own was answered, or the time is over
 * usable, suspended -> quarantined   it was certainly to blame
 * quarantined -> usable              its time is over, or one of `release`'s causes
 */
export class Quarantine {
  #timeToLive: 'auto' | number;
  readonly #clock: Clock;
  #announcer: Announcer;
  readonly #upstreams: QuarantineStore;
  /** The methods that are banned at single upstreams. */
  readonly methods: MethodBans;
  /** Upstreams in question, by id. Not in the store: one that turns out to be healthy must not be remembered. */
  readonly #suspended = new Map<string, QuarantineEntry>();
  readonly #changes: StandingChanges;
  #nextReleaseMs: number | undefined = Number.POSITIVE_INFINITY;

  constructor(options: QuarantineOptions) {
    const { clock, methodCapacity: capacity = 1_000 } = options;
    this.#timeToLive = options.timeToLive;
    this.#clock = clock;
    this.#announcer = options.announcer;
    this.#changes = options.changes;
    this.#upstreams = new QuarantineStore({ ...options, capacity: 64 });
    this.methods = new MethodBans({ ...options, capacity });
  }

  /** Whether the time fits the cause, so that an upstream may be tried, or proved healthy, before it is over. */
  get automatic(): boolean {
    return this.#timeToLive === 'auto';
  }

  /** For the causes that are found from now on. */
  setTimeToLive(timeToLive: 'auto' | number): void {
    this.#timeToLive = timeToLive;
    this.#upstreams.setTimeToLive(timeToLive);
    this.methods.setTimeToLive(timeToLive);
  }

  /** Its pool has ended but for requests under way: nobody is told of it any more. */
  fallSilent(): void {
    this.#announcer = new Announcer();
  }

  /** When the first whole upstream becomes usable again: monotonic milliseconds, Infinity when none is out. */
  nextReleaseMs(): number {
    if (this.#nextReleaseMs === undefined || this.#nextReleaseMs <= this.#clock.monotonicMs()) {
      // Read first, since time goes on: the end of an entry that ends meanwhile must be noticed.
      const nowMs = this.#clock.monotonicMs();
      const suspended = [...this.#suspended.values()].filter(({ untilMs }) => untilMs > nowMs);
      const ends = [...this.#upstreams.live(), ...suspended].map(({ untilMs }) => untilMs);
      this.#nextReleaseMs = Math.min(...ends);
    }
    return this.#nextReleaseMs;
  }

  /** What is certain of the whole upstream, or of a method there, and in force: to be told to other processes. */
  certainEntryOf(upstream: Upstream, method: string | undefined): StoredEntry | undefined {
    return method === undefined ? this.#upstreams.get(upstream.id) : this.methods.banOf(upstream, method);
  }

  /** The entry of the whole upstream that is in force at this moment. */
  entryOf(upstream: Upstream): QuarantineEntry | undefined {
    return this.#upstreams.get(upstream.id) ?? this.#suspension(upstream);
  }

  /** Leaves an upstream out until it is known whether it or a request was to blame. Ignored if it is out already. */
  suspend(upstream: Upstream, reason: FailureReason): void {
    if (upstream.hasLeft || this.entryOf(upstream)) return;
    const sinceMs = this.#clock.monotonicMs();
    const durationMs = this.#timeToLive === 'auto' ? SUSPENSION_MS : this.#timeToLive;
    const untilMs = sinceMs + durationMs;
    this.#suspended.set(upstream.id, { reason, untilMs, mayTry: true, sinceMs, inQuestion: true });
    this.#changed(false);
    this.#announcer.announce({
      type: 'upstream-quarantined',
      upstream: upstream.identity,
      reason,
      method: undefined,
      durationMs,
      inQuestion: true,
    });
  }

  /**
   * An upstream has answered a question that was asked at `askedMs` (monotonic milliseconds): it is usable at once,
   * unless it has asked for a rest, or was certainly to blame since.
   */
  clear(upstream: Upstream, askedMs: number): void {
    const stored = this.#upstreams.get(upstream.id);
    if (!stored || (stored.mayTry && stored.blamedMs <= askedMs)) this.release(upstream, 'question');
  }

  /**
   * Quarantines an upstream, or one of its methods. An unsupported method that is not named bans nothing: the upstream
   * is healthy, and there is nothing to remember. Late news of a removed upstream is ignored.
   */
  add(upstream: Upstream, blame: Blame): void {
    if (upstream.hasLeft) return;
    const { method, reason } = blame;
    if (method === undefined) {
      if (reason === 'method-unsupported') return;
      this.#upstreams.makeRoom();
      this.#suspended.delete(upstream.id);
      if (this.#addTo(this.#upstreams, upstream.id, upstream, blame)) this.#changed(false);
    } else if (method.length <= MAX_METHOD_LENGTH) {
      this.#addTo(this.methods, methodKey(upstream, method), upstream, blame);
    }
  }

  /** An attempt succeeded: the next rate limit without a stated time counts as the first again. */
  succeeded(upstream: Upstream): void {
    if (!upstream.hasLeft) this.#upstreams.succeeded(upstream.id);
  }

  /**
   * Ends the quarantine of a whole upstream early. It stays remembered, and banned methods stay banned. False when the
   * upstream was not in quarantine.
   */
  release(upstream: Upstream, by: 'trial' | 'probe' | 'question' | 'operator'): boolean {
    if (upstream.hasLeft) return false;
    const wasSuspended = this.#suspension(upstream) !== undefined;
    this.#suspended.delete(upstream.id);
    if (!this.#upstreams.expire(upstream.id) && !wasSuspended) return false;
    this.#changed(true);
    this.#announcer.announce({ type: 'upstream-released', upstream: upstream.identity, by });
    return true;
  }

  /**
   * A health check found the upstream well: ends its quarantine, in `auto` only, when the check can see the cause, no
   * rest was asked for, and the upstream was not to blame again since the check began.
   */
  prove(upstream: Upstream, reasons: ReadonlySet<FailureReason>, checkStartedMs: number): boolean {
    const stored = this.#upstreams.get(upstream.id);
    const entry = stored ?? this.#suspension(upstream);
    const blamedMs = stored?.blamedMs ?? entry?.sinceMs ?? 0;
    if (!this.automatic || !entry?.mayTry || !reasons.has(entry.reason) || blamedMs > checkStartedMs)
      return false;
    return this.release(upstream, 'probe');
  }

  /** Another process has quarantined it, or banned a method there, for so long from now on: nobody is told again. */
  adopt(upstream: Upstream, method: string | undefined, known: KnownEntry, leftMs: number): void {
    if (upstream.hasLeft) return;
    if (method !== undefined) {
      this.methods.adopt(methodKey(upstream, method), known, leftMs);
      return;
    }
    this.#upstreams.makeRoom();
    this.#suspended.delete(upstream.id);
    this.#upstreams.adopt(upstream.id, known, leftMs);
    this.#changed(false);
  }

  /** Another process has ended that. What this one finds out just now about the whole upstream goes on. */
  adoptEnd(upstream: Upstream, method: string | undefined): void {
    if (method !== undefined) this.methods.expire(methodKey(upstream, method));
    else if (this.#upstreams.expire(upstream.id)) this.#changed(true);
  }

  /** The upstream was removed from the lists: nothing about it is kept. */
  forget(upstream: Upstream): void {
    const wasSuspended = this.#suspended.delete(upstream.id);
    if (this.#upstreams.delete(upstream.id) || wasSuspended) this.#changed(false);
    this.methods.allow(upstream);
  }

  /** False when the entry in force ends later. */
  #addTo(store: QuarantineStore, key: string, upstream: Upstream, blame: Blame): boolean {
    const { reason, method } = blame;
    const before = store.get(key)?.reason;
    const durationMs = store.add(key, blame);
    if (durationMs === undefined) return false;
    const entry = store.get(key);
    const isExtended = before === reason;
    if (!entry || (isExtended && entry.untilMs - entry.announcedMs < NOTABLE_EXTENSION_MS)) return true;
    entry.announcedMs = entry.untilMs;
    const facts = { upstream: upstream.identity, reason, method, durationMs };
    if (isExtended) this.#announcer.announce({ type: 'quarantine-extended', ...facts });
    else this.#announcer.announce({ type: 'upstream-quarantined', ...facts });
    return true;
  }

  #suspension(upstream: Upstream): QuarantineEntry | undefined {
    if (this.#suspended.size === 0) return undefined;
    const suspended = this.#suspended.get(upstream.id);
    return suspended && this.#clock.monotonicMs() < suspended.untilMs ? suspended : undefined;
  }

  #changed(isBetter: boolean): void {
    this.#nextReleaseMs = undefined;
    this.#changes.report(isBetter);
  }
}
