import type { Clock } from '../clock.ts';
import type { Announcer, FailureReason, UpstreamIdentity } from '../events.ts';
import type { Random } from '../random.ts';
import { type Blame, fittingRestMs, growsWithRepetition, type Rest, statedRestMs } from './rest-time.ts';
import { TwoQueue } from './two-queue.ts';

export type { Blame, Rest };

export interface Sentence {
  readonly reason: FailureReason;
  /** The first moment at which it is usable again; monotonic milliseconds. */
  readonly untilMs: number;
  /** The cause may have passed already: when nothing is usable, a request may try it. */
  readonly mayTry: boolean;
  /** When it began; monotonic milliseconds. */
  readonly sinceMs: number;
}

/** Whom a sentence concerns. One that has left its list is told from another that has its name by now. */
export interface Defendant extends UpstreamIdentity {
  readonly hasLeft?: boolean;
}

export interface QuarantineOptions {
  /** One time for every cause, in milliseconds and more than 0, or a time that fits the cause. */
  readonly timeToLive: 'auto' | number;
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
  /** How many methods of upstreams can be banned at a time. */
  readonly methodCapacity?: number;
}

interface Stored extends Sentence {
  /** How often the time of this repeat offender was doubled. */
  readonly doublings: number;
  /** The last blame, also one that changed nothing else: a check that began before it proves nothing. */
  blamedMs: number;
}

/** How long an offence is remembered after its sentence is over. */
const MEMORY_MS = 10 * 60_000;
/** Method names come from clients. A method with a longer name is never banned, so that memory is bounded. */
const MAX_METHOD_LENGTH = 256;

/**
 * The sick upstreams, and the methods that single upstreams don't support. Two 2Q stores: the one of whole
 * upstreams grows with their number, so that none is ever forgiven for want of room; the one of methods is
 * bounded, and takes nothing from the other, however many odd methods clients ask for.
 *
 * A failure while a sentence lives is a correlated reference: it may be one of many that were in flight. It
 * never shortens the sentence and doubles nothing; the sentence that ends later holds.
 */
export class Quarantine {
  readonly #timeToLive: 'auto' | number;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #announcer: Announcer;
  readonly #upstreams: TwoQueue<Stored>;
  readonly #methods: TwoQueue<Stored>;
  /** Rate limits without a stated time since the last success, by the upstream's name. */
  readonly #rateLimits = new Map<string, number>();
  #version = 0;
  #nextReleaseMs: number | undefined = Number.POSITIVE_INFINITY;

  constructor(options: QuarantineOptions) {
    const { clock, methodCapacity: capacity = 1_000 } = options;
    this.#timeToLive = options.timeToLive;
    this.#clock = clock;
    this.#random = options.random;
    this.#announcer = options.announcer;
    this.#upstreams = new TwoQueue({ clock, capacity: 64, memoryMs: MEMORY_MS });
    this.#methods = new TwoQueue({ clock, capacity, memoryMs: MEMORY_MS });
  }

  /** Changes whenever a sentence of a whole upstream begins, moves or is ended (not when its time is over). */
  get version(): number {
    return this.#version;
  }

  /** Whether the time fits the cause, so that what may have passed may be tried and proved before its end. */
  get automatic(): boolean {
    return this.#timeToLive === 'auto';
  }

  /** When the first whole upstream comes back: monotonic milliseconds, Infinity when none is out. */
  nextReleaseMs(): number {
    if (this.#nextReleaseMs === undefined || this.#nextReleaseMs <= this.#clock.monotonicMs()) {
      const ends = this.#upstreams.live().map(([, sentence]) => sentence.untilMs);
      this.#nextReleaseMs = Math.min(...ends);
    }
    return this.#nextReleaseMs;
  }

  /** The sentence that lies on the whole upstream at this moment. */
  sentence(upstream: UpstreamIdentity): Sentence | undefined {
    return this.#upstreams.get(upstream.name);
  }

  /** The sentence that lies on one method of an upstream at this moment. */
  methodSentence(upstream: UpstreamIdentity, method: string): Sentence | undefined {
    if (this.#methods.isEmpty || method.length > MAX_METHOD_LENGTH) return undefined;
    return this.#methods.get(methodKey(upstream, method));
  }

  /**
   * Quarantines an upstream, or one of its methods. An unsupported method that is not named bans nothing: the
   * upstream is well, and there is nothing to remember. What is heard late of one that has left is nothing.
   */
  punish(upstream: Defendant, blame: Blame): void {
    if (upstream.hasLeft) return;
    const { method, reason } = blame;
    if (method === undefined) {
      if (reason === 'method-unsupported') return;
      this.#makeRoom();
      this.#impose(this.#upstreams, upstream.name, upstream, blame);
    } else if (method.length <= MAX_METHOD_LENGTH) {
      this.#impose(this.#methods, methodKey(upstream, method), upstream, blame);
    }
  }

  /** An attempt succeeded: the next rate limit without a stated time is a first one again. */
  succeeded(upstream: Defendant): void {
    if (!upstream.hasLeft) this.#rateLimits.delete(upstream.name);
  }

  /**
   * Ends the quarantine of a whole upstream before its time. What it did stays remembered, and its banned
   * methods stay banned. False when it was not in quarantine.
   */
  release(upstream: Defendant, by: 'trial' | 'probe' | 'operator'): boolean {
    if (upstream.hasLeft || !this.#upstreams.expire(upstream.name)) return false;
    this.#changed();
    this.#announcer.announce({ type: 'upstream-released', upstream: identity(upstream), by });
    return true;
  }

  /**
   * An active check found the upstream well: ends its quarantine, in `auto` only, when the cause is one that
   * the check can see, is not a stated rest, and the upstream was not to blame again since the check began.
   */
  prove(upstream: UpstreamIdentity, reasons: ReadonlySet<FailureReason>, checkStartedMs: number): boolean {
    const stored = this.#upstreams.get(upstream.name);
    if (!stored?.mayTry || !reasons.has(stored.reason) || stored.blamedMs > checkStartedMs) return false;
    return this.release(upstream, 'probe');
  }

  /** The upstream was removed from the lists: nothing of it is kept. */
  forget(upstream: UpstreamIdentity): void {
    this.#rateLimits.delete(upstream.name);
    if (this.#upstreams.delete(upstream.name)) this.#changed();
    const prefix = methodKey(upstream, '');
    for (const key of this.#methods.keys()) if (key.startsWith(prefix)) this.#methods.delete(key);
  }

  /** No more upstreams in the store than A1in may hold: then 2Q never pushes one out. */
  #makeRoom(): void {
    const { A1in, A1out, Am } = this.#upstreams.sizes;
    if (A1in + A1out + Am >= this.#upstreams.kin) this.#upstreams.grow(2 * this.#upstreams.capacity);
  }

  #impose(store: TwoQueue<Stored>, key: string, upstream: UpstreamIdentity, blame: Blame): void {
    const nowMs = this.#clock.monotonicMs();
    const live = store.get(key);
    const doublings = countDoublings(store, key, blame);
    const { ms, mayTry } = this.#measure(upstream, blame, { doublings, correlated: live !== undefined });
    if (live) live.blamedMs = nowMs;
    if (live && nowMs + ms <= live.untilMs) return;
    const { reason, method } = blame;
    const sinceMs = live?.sinceMs ?? nowMs;
    store.set(key, { reason, untilMs: nowMs + ms, mayTry, sinceMs, doublings, blamedMs: nowMs }, ms);
    if (store === this.#upstreams) this.#changed();
    if (live?.reason === reason) return;
    const who = identity(upstream);
    this.#announcer.announce({ type: 'upstream-quarantined', upstream: who, reason, method, durationMs: ms });
  }

  #measure(
    upstream: UpstreamIdentity,
    blame: Blame,
    repeat: { readonly doublings: number; readonly correlated: boolean },
  ): { readonly ms: number; readonly mayTry: boolean } {
    if (this.#timeToLive !== 'auto') return { ms: this.#timeToLive, mayTry: false };
    const statedMs = statedRestMs(blame.rest, this.#clock.wallMs());
    if (statedMs !== undefined) return { ms: statedMs, mayTry: false };
    const rateLimits = this.#countRateLimits(upstream, blame, repeat.correlated);
    const ms = fittingRestMs(blame.reason, { doublings: repeat.doublings, rateLimits }, this.#random);
    return { ms, mayTry: growsWithRepetition(blame.reason) };
  }

  /** Of whole upstreams only: counts of methods would be as many as clients can think of. */
  #countRateLimits(upstream: UpstreamIdentity, blame: Blame, correlated: boolean): number {
    if (blame.reason !== 'rate-limited' || blame.method !== undefined) return 1;
    const before = this.#rateLimits.get(upstream.name) ?? 0;
    const count = correlated ? Math.max(1, before) : before + 1;
    this.#rateLimits.set(upstream.name, count);
    return count;
  }

  #changed(): void {
    this.#version++;
    this.#nextReleaseMs = undefined;
  }
}

/**
 * How often the time of a repeat offender is doubled: once when its second offence brings it into Am, once
 * more for each one while it is remembered there. Causes that don't grow leave the count as it is.
 */
function countDoublings(store: TwoQueue<Stored>, key: string, blame: Blame): number {
  const known = store.remembered(key);
  const before = known?.value?.doublings ?? 0;
  const isRepeated = known !== undefined && store.get(key) === undefined;
  return isRepeated && growsWithRepetition(blame.reason) ? before + 1 : before;
}

/** Names can't hold a blank. */
function methodKey(upstream: UpstreamIdentity, method: string): string {
  return `${upstream.name} ${method}`;
}

/** Listeners get the name and no more: the object that was passed may hold a URL. */
function identity({ name, tier }: UpstreamIdentity): UpstreamIdentity {
  return { name, tier };
}
