/** Adds and removes upstreams while the program runs. */

import type { Clock } from '../clock.ts';
import type { Announcer, PoolIdentity, RemovalCause } from '../events.ts';
import type { Quarantine } from './quarantine.ts';
import type { Registry } from './registry.ts';
import { Upstream, type UpstreamSpec } from './upstream.ts';

export interface MembershipDependencies {
  readonly pool: PoolIdentity;
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** Prepares an upstream before it is used. Must not throw. */
  readonly onJoin: (upstream: Upstream) => void;
  /** Frees what is kept for a removed upstream; its attempts in flight may finish. Must not throw. */
  readonly onLeave: (upstream: Upstream) => void;
}

/**
 * The only way to change the lists. What was learned of the other upstreams stays; what was learned of a removed one is
 * forgotten, so that it starts as a new one if it is added again.
 */
export class Membership {
  readonly #dependencies: MembershipDependencies;

  constructor(dependencies: MembershipDependencies) {
    this.#dependencies = dependencies;
  }

  /** The next request may use it. Throws a RegistryError when its name or URL is in the lists already. */
  add(spec: UpstreamSpec): Upstream {
    const { pool, registry, announcer, clock, onJoin } = this.#dependencies;
    const upstream = new Upstream(spec, clock.monotonicMs(), pool);
    onJoin(upstream);
    registry.add(upstream);
    announcer.announce({ type: 'upstream-added', upstream: upstream.identity });
    return upstream;
  }

  /** No new request uses it. Throws a RegistryError when it is the last of both lists. */
  remove(upstream: Upstream, cause: RemovalCause): void {
    const { registry, quarantine, announcer, onLeave } = this.#dependencies;
    registry.remove(upstream);
    upstream.hasLeft = true;
    quarantine.forget(upstream);
    onLeave(upstream);
    announcer.announce({ type: 'upstream-removed', upstream: upstream.identity, cause });
  }
}
