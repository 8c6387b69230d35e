/** The upstreams that are left out for a time, and the methods that single upstreams don't support. */

import type { Clock } from '../clock.ts';
import { Announcer, type FailureReason } from '../events.ts';
import type { Random } from '../random.ts';
import type { Blame, Rest } from './quarantine-duration.ts';
import { type QuarantineEntry, QuarantineStore } from './quarantine-store.ts';
import type { StandingChanges } from './standing-changes.ts';
import type { Upstream } from './upstream.ts';

export type { Blame, QuarantineEntry, Rest };

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
/** Between two requests to one upstream for a method that is banned at every upstream, which is tried anyway. */
const METHOD_TRIAL_INTERVAL_MS = 1_000;
/** How far its end must move to be announced, so that the many failures of requests in flight are not. */
const NOTABLE_EXTENSION_MS = 1_000;
/** Method names come from clients. A method with a longer name is never banned, so that memory is bounded. */
export const MAX_METHOD_LENGTH = 256;

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
  readonly #methods: QuarantineStore;
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
    this.#methods = new QuarantineStore({ ...options, capacity });
  }

  /** Whether the time fits the cause, so that an upstream may be tried, or proved healthy, before it is over. */
  get automatic(): boolean {
    return this.#timeToLive === 'auto';
  }

  /** For the causes that are found from now on. */
  setTimeToLive(timeToLive: 'auto' | number): void {
    this.#timeToLive = timeToLive;
    this.#upstreams.setTimeToLive(timeToLive);
    this.#methods.setTimeToLive(timeToLive);
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

  /** The entry of the whole upstream that is in force at this moment. */
  entryOf(upstream: Upstream): QuarantineEntry | undefined {
    return this.#upstreams.get(upstream.id) ?? this.#suspension(upstream);
  }

  /** The entry of one method of an upstream that is in force at this moment. */
  methodBan(upstream: Upstream, method: string): QuarantineEntry | undefined {
    if (this.#methods.isEmpty || method.length > MAX_METHOD_LENGTH) return undefined;
    return this.#methods.get(methodKey(upstream, method));
  }

  /**
   * Whether a method may be asked for although it is banned there, when no other upstream can answer it: a time-out may
   * have been the call's own, and a missing method is tried once a second.
   */
  mayAskAnyway(upstream: Upstream, method: string): boolean {
    const banned = this.#methods.get(methodKey(upstream, method));
    if (!banned || banned.reason === 'timeout') return true;
    const lastMs = Math.max(banned.blamedMs, banned.triedMs);
    return this.#clock.monotonicMs() - lastMs >= METHOD_TRIAL_INTERVAL_MS;
  }

  /** A banned method is asked for now. */
  noteMethodTrial(upstream: Upstream, method: string): void {
    if (this.#methods.isEmpty) return;
    const banned = this.#methods.get(methodKey(upstream, method));
    if (banned) banned.triedMs = this.#clock.monotonicMs();
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
      this.#addTo(this.#methods, methodKey(upstream, method), upstream, blame);
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

  /** The upstream was removed from the lists: nothing about it is kept. */
  forget(upstream: Upstream): void {
    const wasSuspended = this.#suspended.delete(upstream.id);
    if (this.#upstreams.delete(upstream.id) || wasSuspended) this.#changed(false);
    this.allowMethods(upstream);
  }

  /** Nothing is known any more of methods that are banned there. */
  allowMethods(upstream: Upstream): void {
    const prefix = methodKey(upstream, '');
    for (const key of this.#methods.keys()) if (key.startsWith(prefix)) this.#methods.delete(key);
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

/** Unambiguous, since ids contain no blanks. */
function methodKey(upstream: Upstream, method: string): string {
  return `${upstream.id} ${method}`;
}
