import type { HeightListener } from '../balancer/parts.ts';
import type { Config, UpstreamSpec } from '../config/config.ts';
import type { Logger } from '../log.ts';
import { probes } from '../probes/index.ts';
import { MemoryPoll } from '../probes/memory-poll.ts';
import { askMemoryUsage } from '../probes/memory-usage.ts';
import { askPlainQuestion } from '../probes/plain-question.ts';
import { HealthScheduler } from '../probes/scheduler.ts';
import { FilterHomes } from '../rpc/filters.ts';
import { heightAt } from '../rpc/quantity.ts';
import { type ConnectionMeans, ConnectionPool } from '../transport/connections.ts';
import { Availability } from '../upstreams/availability.ts';
import { Membership } from '../upstreams/membership.ts';
import { Quarantine } from '../upstreams/quarantine.ts';
import { Registry } from '../upstreams/registry.ts';
import { type PlainQuestion, Suspects } from '../upstreams/suspects.ts';
import { Upstream } from '../upstreams/upstream.ts';
import type { Means } from './means.ts';

/** The upstreams, and all that is known of them. */
export interface Upstreams {
  readonly registry: Registry;
  readonly membership: Membership;
  readonly quarantine: Quarantine;
  readonly suspects: Suspects;
  readonly availability: Availability;
  readonly pools: Pools;
  readonly filters: FilterHomes<Upstream>;
  readonly health: HealthScheduler | undefined;
  /** Takes notice of the newest block that an answer tells. */
  readonly learnHeight: HeightListener;
  /** None without health checks: then nothing is asked of an upstream but what clients ask. */
  readonly memory: MemoryPoll | undefined;
}

export function createUpstreams(config: Config, means: Means): Upstreams {
  const { clock, random, announcer, logger } = means;
  const registry = new Registry(config.upstreams.map((spec) => new Upstream(spec, clock.monotonicMs())));
  for (const spec of config.upstreams) warnOf(spec, logger);
  const quarantine = new Quarantine({ timeToLive: config.errorTimeToLiveMs, clock, random, announcer });
  const suspects = new Suspects({ ask: questionOf(config, means), quarantine, clock });
  const availability = new Availability(registry, quarantine, clock);
  announcer.listen((event) => availability.hear(event));
  const pools = new Pools({ ...means, connectTimeoutMs: config.connectTimeoutMs });
  const filters = new FilterHomes<Upstream>(clock);
  const onLeave = (upstream: Upstream) => {
    pools.close(upstream);
    filters.forget(upstream);
    suspects.cleared(upstream);
  };
  const membership = new Membership({ registry, quarantine, announcer, clock, onLeave });
  const health = createHealth(config, { registry, quarantine, membership }, means);
  const memory = health && createMemoryPoll(config, registry, means);
  const learnHeight = createHeightListener(config, health);
  return {
    registry,
    membership,
    quarantine,
    suspects,
    availability,
    pools,
    filters,
    health,
    memory,
    learnHeight,
  };
}

/** Without health checks nothing is asked of an upstream but what clients ask. */
function questionOf(config: Config, { clock, dialer }: Means): PlainQuestion | undefined {
  if (config.healthCheck === 'off') return undefined;
  const { healthCheckTimeoutMs: timeoutMs, retryStatus } = config;
  return (upstream, protocol) =>
    askPlainQuestion(upstream, protocol, { timeoutMs, retryStatus, clock, dialer });
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
  { registry, quarantine, membership }: Pick<Upstreams, 'registry' | 'quarantine' | 'membership'>,
  { clock, random, announcer, dialer }: Means,
): HealthScheduler | undefined {
  const probe = probes[config.healthCheck];
  if (!probe) return undefined;
  return new HealthScheduler({
    probe,
    settings: { timeoutMs: config.healthCheckTimeoutMs, path: config.healthCheckPath, clock, dialer },
    intervalMs: config.healthCheckIntervalMs,
    rise: config.healthCheckRise,
    fall: config.healthCheckFall,
    removeAfterMs: config.removeUnhealthyAfterMs ?? Number.POSITIVE_INFINITY,
    expectedChain: config.chainId,
    maxBlockLag: config.maxBlockLag,
    clock,
    random,
    announcer,
    upstreams: () => registry.all,
    onHealthy: (upstream, proves, startedMs) => void quarantine.prove(upstream, proves, startedMs),
    onUnhealthy: (upstream) => membership.remove(upstream, 'unhealthy'),
  });
}

/** Does nothing where no check would learn the same. */
function createHeightListener(config: Config, health: HealthScheduler | undefined): HeightListener {
  if (!health || !probes[config.healthCheck]?.learnsFromAnswers) return () => {};
  return (upstream, text, { resultStart, resultEnd }) => {
    const height = heightAt(text, resultStart, resultEnd);
    if (height !== undefined) health.learnHeight(upstream, height);
  };
}

function createMemoryPoll(config: Config, registry: Registry, { clock, random, dialer }: Means): MemoryPoll {
  const intervalMs = config.healthCheckIntervalMs;
  const ask = (upstream: Upstream) => askMemoryUsage(upstream, { clock, dialer });
  return new MemoryPoll({ ask, intervalMs, clock, random, upstreams: () => registry.all });
}

/** The connections to each upstream. */
class Pools {
  readonly #means: ConnectionMeans;
  readonly #pools = new Map<Upstream, ConnectionPool>();

  constructor(means: ConnectionMeans) {
    this.#means = means;
  }

  of(upstream: Upstream): ConnectionPool {
    const known = this.#pools.get(upstream);
    if (known) return known;
    const pool = new ConnectionPool(upstream, this.#means);
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
