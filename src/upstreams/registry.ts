import type { Tier } from '../events.ts';
import type { Upstream } from './upstream.ts';

/** The two lists of upstreams. */
export class Registry {
  #upstreams: readonly Upstream[];
  #version = 0;

  constructor(upstreams: readonly Upstream[]) {
    this.#upstreams = [...upstreams];
  }

  /** Grows with each change of the lists. */
  get version(): number {
    return this.#version;
  }

  /** Primaries first, then fallbacks, each in the order of their list. */
  get all(): readonly Upstream[] {
    return this.#upstreams;
  }

  tier(tier: Tier): readonly Upstream[] {
    return this.#upstreams.filter((upstream) => upstream.tier === tier);
  }
}
