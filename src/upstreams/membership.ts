import type { Clock } from '../clock.ts';
import type { Announcer, RemovalCause } from '../events.ts';
import type { Quarantine } from './quarantine.ts';
import type { Registry } from './registry.ts';
import { Upstream, type UpstreamSpec } from './upstream.ts';

export interface MembershipParts {
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** Lets go of what is kept for one that has left; its attempts in flight may finish. Must not throw. */
  readonly onLeave: (upstream: Upstream) => void;
}

/**
 * Who joins and who leaves while the program runs: the one way to change the lists. What was learned of the
 * others stays; what was learned of one that leaves goes with it, so that it is a new one should it come back.
 */
export class Membership {
  readonly #parts: MembershipParts;

  constructor(parts: MembershipParts) {
    this.#parts = parts;
  }

  /** It may be asked by the next request. Throws a RegistryError when its name or URL is there already. */
  add(spec: UpstreamSpec): Upstream {
    const { registry, announcer, clock } = this.#parts;
    const upstream = new Upstream(spec, clock.monotonicMs());
    registry.add(upstream);
    announcer.announce({ type: 'upstream-added', upstream: upstream.identity });
    return upstream;
  }

  /** It is asked by no new request. Throws a RegistryError when it is the last of both lists. */
  remove(upstream: Upstream, cause: RemovalCause): void {
    const { registry, quarantine, announcer, onLeave } = this.#parts;
    registry.remove(upstream);
    upstream.hasLeft = true;
    quarantine.forget(upstream);
    onLeave(upstream);
    announcer.announce({ type: 'upstream-removed', upstream: upstream.identity, cause });
  }
}
