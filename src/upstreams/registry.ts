/** The two lists of upstreams. */

import type { Tier } from '../events.ts';
import type { StandingChanges } from './standing-changes.ts';
import type { Upstream } from './upstream.ts';

/** Why the lists can't be changed. */
export type RegistryConflict = 'name-taken' | 'url-taken' | 'last-upstream';

/** A change was refused; the lists stay as they are. */
export class RegistryError extends Error {
  readonly conflict: RegistryConflict;

  constructor(conflict: RegistryConflict, message: string) {
    super(message);
    this.conflict = conflict;
  }
}

/** Names and URLs are unique across both lists, and no single change makes both empty. */
export class Registry {
  #upstreams: readonly Upstream[];
  readonly #changes: StandingChanges;

  /** `changes` is told of each change of the lists, and of facts about those that are in them. */
  constructor(upstreams: readonly Upstream[], changes: StandingChanges) {
    this.#upstreams = [...upstreams];
    this.#changes = changes;
    for (const upstream of upstreams) upstream.changes = changes;
  }

  /** Primaries first, then fallbacks, each in the order of their list. */
  get all(): readonly Upstream[] {
    return this.#upstreams;
  }

  tier(tier: Tier): readonly Upstream[] {
    return this.#upstreams.filter((upstream) => upstream.tier === tier);
  }

  find(name: string): Upstream | undefined {
    return this.#upstreams.find((upstream) => upstream.name === name);
  }

  has(upstream: Upstream): boolean {
    return this.#upstreams.includes(upstream);
  }

  /** These are the lists from now on, in one step. Their names and URLs are unique. */
  replace(upstreams: readonly Upstream[]): void {
    const before = this.#upstreams;
    const ofTier = (tier: Tier) => upstreams.filter((upstream) => upstream.tier === tier);
    this.#upstreams = [...ofTier('primary'), ...ofTier('fallback')];
    for (const upstream of before) if (!this.has(upstream)) upstream.changes = undefined;
    for (const upstream of upstreams) upstream.changes = this.#changes;
    this.#changes.report(true);
  }

  /** Throws the RegistryError that `add` would throw. */
  checkAdd(upstream: Upstream): void {
    if (this.find(upstream.name))
      throw new RegistryError('name-taken', `an upstream named ${upstream.name} is there already`);
    const same = this.#upstreams.find((each) => each.isSameServerAs(upstream));
    if (same) throw new RegistryError('url-taken', `${same.name} has this URL already`);
  }

  /** Appends an upstream to its list. Throws a RegistryError when its name or its URL is in the lists already. */
  add(upstream: Upstream): void {
    this.checkAdd(upstream);
    const isPrimary = ({ tier }: Upstream) => tier === 'primary';
    const others = this.#upstreams;
    this.#upstreams = isPrimary(upstream)
      ? [...others.filter(isPrimary), upstream, ...others.filter((each) => !isPrimary(each))]
      : [...others, upstream];
    upstream.changes = this.#changes;
    this.#changes.report(true);
  }

  /** Throws the RegistryError that `remove` would throw. */
  checkRemove(upstream: Upstream): void {
    if (this.has(upstream) && this.#upstreams.length === 1)
      throw new RegistryError('last-upstream', `${upstream.name} is the last upstream`);
  }

  /** Does nothing when the upstream is not in the lists. Throws a RegistryError when it is the last of both lists. */
  remove(upstream: Upstream): void {
    this.checkRemove(upstream);
    if (!this.has(upstream)) return;
    this.#upstreams = this.#upstreams.filter((each) => each !== upstream);
    upstream.changes = undefined;
    this.#changes.report(false);
  }
}
