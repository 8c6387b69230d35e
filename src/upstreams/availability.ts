/** Tells which upstreams may be tried, and if one may not, why. */

import type { Clock } from '../clock.ts';
import type { DownReason, FailureReason, Tier } from '../events.ts';
import type { Quarantine } from './quarantine.ts';
import type { Registry } from './registry.ts';
import { isSilent, isSlowAt, type Lists, listsByKind, NO_LISTS } from './slow-lists.ts';
import type { StandingChanges } from './standing-changes.ts';
import type { Upstream } from './upstream.ts';

export type Standing =
  | { readonly state: 'usable' }
  | {
      readonly state: 'quarantined';
      readonly reason: FailureReason;
      readonly untilMs: number;
      readonly mayTry: boolean;
      /** Whether it is still unknown what was to blame, the upstream or a request. */
      readonly inQuestion: boolean;
    }
  | { readonly state: 'down'; readonly reason: DownReason }
  | { readonly state: 'draining' };

const IS_STATE: Readonly<Record<Standing['state'], true>> = {
  usable: true,
  quarantined: true,
  down: true,
  draining: true,
};

/** All states that an upstream can be in. */
export const STATES: readonly string[] = Object.keys(IS_STATE);

const NONE: readonly Upstream[] = [];
const USABLE: Standing = { state: 'usable' };
const DRAINING: Standing = { state: 'draining' };

/** How long nobody need find out again what a request has found at an upstream that is out. */
const BELIEVED_MS = 1_000;

/**
 * Reads the facts that others write: quarantined (the balancer), down and lagging (the probes), draining (an operator).
 * The lists are kept until a fact changes or the first quarantine ends, so that a request costs two comparisons.
 */
export class Availability {
  readonly #registry: Registry;
  readonly #quarantine: Quarantine;
  readonly #clock: Clock;
  readonly #changes: StandingChanges;
  /** The version of the facts that the lists below are made from. */
  #seenVersion = -1;
  #validUntilMs = Number.NEGATIVE_INFINITY;
  #usable: Readonly<Record<Tier, readonly Upstream[]>> = { primary: [], fallback: [] };
  #keepingUp = this.#usable;
  #lagging = this.#usable;
  #silent = this.#usable;
  /** For the kinds of calls for which one of those that keep up is slow. */
  #quick: Lists = NO_LISTS;
  #slow: Lists = NO_LISTS;

  /** `changes` is what the registry and the quarantine report to. */
  constructor(
    facts: { readonly registry: Registry; readonly quarantine: Quarantine },
    changes: StandingChanges,
    clock: Clock,
  ) {
    this.#registry = facts.registry;
    this.#quarantine = facts.quarantine;
    this.#changes = changes;
    this.#clock = clock;
  }

  /** The usable upstreams of one tier, in the list's order. The caller must not change them. */
  usable(tier: Tier): readonly Upstream[] {
    this.#refresh();
    return this.#usable[tier];
  }

  /**
   * The usable upstreams that keep up with the chain and are quick at calls of this kind (an index), in the list's order.
   * The caller must not change them.
   */
  quick(tier: Tier, kind: number): readonly Upstream[] {
    this.#refresh();
    return this.#quick[tier][kind] ?? this.#keepingUp[tier];
  }

  /** Those that are slow at them. */
  slow(tier: Tier, kind: number): readonly Upstream[] {
    this.#refresh();
    return this.#slow[tier][kind] ?? NONE;
  }

  /** The usable upstreams that lag, quick or not, in the list's order. The caller must not change them. */
  lagging(tier: Tier): readonly Upstream[] {
    this.#refresh();
    return this.#lagging[tier];
  }

  /** The usable upstreams that leave everything unanswered, which are in none of the other lists; the same holds. */
  silent(tier: Tier): readonly Upstream[] {
    this.#refresh();
    return this.#silent[tier];
  }

  #refresh(): void {
    if (this.#seenVersion !== this.#changes.version || this.#clock.monotonicMs() >= this.#validUntilMs) {
      this.#makeLists();
    }
  }

  /** Whether an upstream is in its tier's list of usable ones at this moment, without searching the list. */
  isUsable(upstream: Upstream): boolean {
    return !upstream.hasLeft && this.standing(upstream).state === 'usable';
  }

  standing(upstream: Upstream): Standing {
    if (upstream.draining) return DRAINING;
    if (upstream.down) return { state: 'down', reason: upstream.down.reason };
    const entry = this.#quarantine.entryOf(upstream);
    if (!entry) return USABLE;
    const { reason, untilMs, mayTry, inQuestion = false } = entry;
    return { state: 'quarantined', reason, untilMs, mayTry, inQuestion };
  }

  /** Whether no upstream of a tier is usable, or will be as soon as a question is answered. */
  isOut(tier: Tier): boolean {
    return (
      this.usable(tier).length === 0 && !this.#registry.tier(tier).some((each) => this.isInQuestion(each))
    );
  }

  isInQuestion(upstream: Upstream): boolean {
    const standing = this.standing(upstream);
    return standing.state === 'quarantined' && standing.inQuestion;
  }

  /**
   * Upstreams that a request may try when none is usable: those that are out for a reason that may have passed, the
   * earliest return first, those that were tried within the last second after the others, the latest last. Empty when a
   * fixed time to live forbids it.
   */
  lastResort(): Upstream[] {
    const due: { upstream: Upstream; dueMs: number; triedMs: number }[] = [];
    const believedMs = this.#clock.monotonicMs() - BELIEVED_MS;
    for (const upstream of this.#registry.all) {
      const dueMs = this.#dueMs(upstream);
      if (dueMs !== undefined) due.push({ upstream, dueMs, triedMs: Math.max(upstream.triedMs, believedMs) });
    }
    return due.sort((a, b) => a.triedMs - b.triedMs || a.dueMs - b.dueMs).map(({ upstream }) => upstream);
  }

  /** Whether nobody has tried an upstream that is out since this moment (monotonic milliseconds), nor in the last second. */
  isUntried(upstream: Upstream, sinceMs: number): boolean {
    return upstream.triedMs <= Math.min(sinceMs, this.#clock.monotonicMs() - BELIEVED_MS);
  }

  /** Those whose limits are learnt, and that have asked for a rest because of a rate limit. */
  rateLimited(): { readonly upstream: Upstream; readonly untilMs: number }[] {
    return this.#registry.all.flatMap((upstream) => {
      const standing = upstream.budget?.learns ? this.standing(upstream) : USABLE;
      const rests = standing.state === 'quarantined' && standing.reason === 'rate-limited';
      return rests ? [{ upstream, untilMs: standing.untilMs }] : [];
    });
  }

  /** When the first quarantined upstream returns: monotonic milliseconds, Infinity when none returns by itself. */
  firstReturnAtMs(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const upstream of this.#registry.all) {
      const standing = this.standing(upstream);
      if (standing.state === 'quarantined') first = Math.min(first, standing.untilMs);
    }
    return first;
  }

  /** Whether all upstreams that are neither down nor draining are quarantined for a rate limit, at least one. */
  onlyRateLimited(): boolean {
    let rateLimited = 0;
    for (const upstream of this.#registry.all) {
      const standing = this.standing(upstream);
      switch (standing.state) {
        case 'usable':
          return false;
        case 'quarantined':
          if (standing.reason !== 'rate-limited') return false;
          rateLimited += 1;
          break;
        case 'down':
        case 'draining':
          break;
        default:
          standing satisfies never;
      }
    }
    return rateLimited > 0;
  }

  /** When an upstream that is out returns: Infinity if that is unknown; undefined if it may not be tried. */
  #dueMs(upstream: Upstream): number | undefined {
    const standing = this.standing(upstream);
    switch (standing.state) {
      case 'quarantined':
        return standing.mayTry ? standing.untilMs : undefined;
      case 'down':
        return this.#mayTryDown(upstream) ? Number.POSITIVE_INFINITY : undefined;
      case 'usable':
      case 'draining':
        return undefined;
      default:
        return standing satisfies never;
    }
  }

  #mayTryDown(upstream: Upstream): boolean {
    if (upstream.down?.reason !== 'probe-failed' || !this.#quarantine.automatic) return false;
    const entry = this.#quarantine.entryOf(upstream);
    return entry === undefined || entry.mayTry;
  }

  #makeLists(): void {
    // First, since time goes on: a quarantine that ends while the lists are made must count at the next call.
    const validUntilMs = this.#quarantine.nextReleaseMs();
    const usable = (tier: Tier) =>
      this.#registry.tier(tier).filter((upstream) => this.standing(upstream).state === 'usable');
    this.#usable = { primary: usable('primary'), fallback: usable('fallback') };
    const { primary, fallback } = this.#usable;
    const those = (fits: (upstream: Upstream) => boolean) => {
      return { primary: primary.filter(fits), fallback: fallback.filter(fits) };
    };
    this.#silent = those(isSilent);
    this.#keepingUp = those((each) => !isSilent(each) && each.lagging === undefined);
    this.#lagging = those((each) => !isSilent(each) && each.lagging !== undefined);
    this.#quick = listsByKind(this.#keepingUp, (each, kind) => !isSlowAt(each, kind));
    this.#slow = listsByKind(this.#keepingUp, isSlowAt);
    this.#seenVersion = this.#changes.version;
    this.#validUntilMs = validUntilMs;
  }
}
