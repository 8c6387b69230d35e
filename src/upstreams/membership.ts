/** Adds and removes upstreams while the program runs. */

import type { Clock } from '../clock.ts';
import type { Announcer, EventOf, PoolIdentity, RemovalCause } from '../events.ts';
import type { Quarantine } from './quarantine.ts';
import type { Registry } from './registry.ts';
import { Upstream, type UpstreamSpec } from './upstream.ts';
import type { UpstreamChange } from './upstream-spec.ts';

export interface MembershipDependencies {
  readonly pool: PoolIdentity;
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** Prepares an upstream before it is used. Must not throw. */
  readonly onJoin: (upstream: Upstream) => void;
  /** Its operator says something else of it than before. Must not throw. */
  readonly onChange: (upstream: Upstream, change: UpstreamChange) => void;
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
    this.#dependencies.registry.remove(upstream);
    this.#forget(upstream, cause);
  }

  /**
   * The lists as they were read anew, names and URLs unique, for the next request: in one step. An upstream whose URL
   * stays is the same one, whatever else is said of it. Returns those that have left.
   */
  replace(specs: readonly UpstreamSpec[], cause: 'reload' | 'operator' = 'reload'): readonly Upstream[] {
    const { pool, registry, announcer, clock, onJoin, onChange } = this.#dependencies;
    const leaving = new Map(registry.all.map((upstream) => [upstream.url, upstream]));
    const joined: Upstream[] = [];
    const changed: EventOf<'upstream-changed'>[] = [];
    const next = specs.map((spec) => {
      const known = leaving.get(spec.url.href);
      if (known) {
        leaving.delete(known.url);
        const before = { weight: known.weight, draining: known.draining };
        const change = known.reconfigure(spec);
        if (change.isSeen) changed.push(changeEvent(known, cause === 'operator' ? before : undefined));
        onChange(known, change);
        return known;
      }
      const upstream = new Upstream(spec, clock.monotonicMs(), pool);
      onJoin(upstream);
      joined.push(upstream);
      return upstream;
    });
    // Before the requests that wait look again.
    for (const upstream of leaving.values()) upstream.hasLeft = true;
    registry.replace(next);
    for (const upstream of leaving.values()) this.#forget(upstream, cause);
    for (const event of changed) announcer.announce(event);
    for (const { identity } of joined) announcer.announce({ type: 'upstream-added', upstream: identity });
    return [...leaving.values()];
  }

  /** Its attempts in flight may finish. */
  #forget(upstream: Upstream, cause: RemovalCause): void {
    const { quarantine, announcer, onLeave } = this.#dependencies;
    upstream.hasLeft = true;
    quarantine.forget(upstream);
    onLeave(upstream);
    announcer.announce({ type: 'upstream-removed', upstream: upstream.identity, cause });
  }
}

/** `before` is what operators have changed; undefined where the settings have. */
function changeEvent(
  { identity, weight, draining }: Upstream,
  before: Pick<Upstream, 'weight' | 'draining'> | undefined,
): EventOf<'upstream-changed'> {
  const event = { type: 'upstream-changed', upstream: identity, weight, draining } as const;
  if (!before) return event;
  const isChanged = { weight: weight !== before.weight, draining: draining !== before.draining };
  const changed = (['weight', 'draining'] as const).filter((each) => isChanged[each]);
  return changed.length === 0 ? event : { ...event, changed };
}
