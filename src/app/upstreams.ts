import { ConnectionPool } from '../balancer/connections.ts';
import type { Config, UpstreamSpec } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { probes } from '../probes/index.ts';
import { HealthScheduler } from '../probes/scheduler.ts';
import { FilterHomes } from '../rpc/filters.ts';
import { Availability } from '../upstreams/availability.ts';
import { Membership } from '../upstreams/membership.ts';
import { Quarantine } from '../upstreams/quarantine.ts';
import { Registry } from '../upstreams/registry.ts';
import { Upstream } from '../upstreams/upstream.ts';
import type { Means } from './means.ts';

/** The upstreams, and all that is known of them. */
export interface Upstreams {
  readonly registry: Registry;
  readonly membership: Membership;
  readonly quarantine: Quarantine;
  readonly availability: Availability;
  readonly pools: Pools;
  readonly filters: FilterHomes<Upstream>;
  readonly health: HealthScheduler | undefined;
}

export function createUpstreams(config: Config, means: Means): Upstreams {
  const { clock, random, announcer, logger } = means;
  const registry = new Registry(config.upstreams.map((spec) => new Upstream(spec, clock.monotonicMs())));
  for (const spec of config.upstreams) warnOf(spec, logger);
  const quarantine = new Quarantine({ timeToLive: config.errorTimeToLiveMs, clock, random, announcer });
  const availability = new Availability(registry, quarantine, clock);
  announcer.listen((event) => {
    if (event.type === 'upstream-down' || event.type === 'upstream-up' || event.type === 'upstream-changed') {
      availability.invalidate();
    }
  });
  const pools = new Pools(config.connectTimeoutMs);
  const filters = new FilterHomes<Upstream>(clock);
  const onLeave = (upstream: Upstream) => {
    pools.close(upstream);
    filters.forget(upstream);
  };
  const membership = new Membership({ registry, quarantine, announcer, clock, onLeave });
  const health = createHealth(config, { registry, quarantine }, means);
  return { registry, membership, quarantine, availability, pools, filters, health };
}

/** Says what an operator should know of an upstream before it is used. */
export function warnOf({ name, insecure }: UpstreamSpec, logger: Logger): void {
  if (!insecure) return;
  logger.warn(
    { upstream: name },
    'insecure=true: this upstream may be anybody, its certificate is not verified',
  );
}

function createHealth(
  config: Config,
  { registry, quarantine }: Pick<Upstreams, 'registry' | 'quarantine'>,
  { clock, random, announcer }: Means,
): HealthScheduler | undefined {
  const probe = probes[config.healthCheck];
  if (!probe) return undefined;
  return new HealthScheduler({
    probe,
    settings: { timeoutMs: config.healthCheckTimeoutMs, path: config.healthCheckPath },
    intervalMs: config.healthCheckIntervalMs,
    rise: config.healthCheckRise,
    fall: config.healthCheckFall,
    clock,
    random,
    announcer,
    upstreams: () => registry.all,
    onHealthy: (upstream, proves, startedMs) => void quarantine.prove(upstream, proves, startedMs),
  });
}

/** The connections to each upstream. */
class Pools {
  readonly #connectTimeoutMs: number;
  readonly #pools = new Map<Upstream, ConnectionPool>();

  constructor(connectTimeoutMs: number) {
    this.#connectTimeoutMs = connectTimeoutMs;
  }

  of(upstream: Upstream): ConnectionPool {
    const known = this.#pools.get(upstream);
    if (known) return known;
    const pool = new ConnectionPool(upstream, this.#connectTimeoutMs);
    // For the last attempts of one that is gone: nobody would close it any more, its idle connections end soon.
    if (!upstream.hasLeft) this.#pools.set(upstream, pool);
    return pool;
  }

  /** Closes the connections to one upstream, those in use when their exchange ends. */
  close(upstream: Upstream): void {
    this.#pools.get(upstream)?.close();
    this.#pools.delete(upstream);
  }

  closeAll(): void {
    for (const upstream of this.#pools.keys()) this.close(upstream);
  }
}
