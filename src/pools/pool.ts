/** A pool: a set of upstreams that serve the same requests, with all that is learned about them. */

import { DEFAULT_POOL, PoolIdentity, type Tier } from '../events.ts';
import type { Identity } from '../http/header-lines.ts';
import type { Logger } from '../log.ts';
import type { Dialer } from '../network/dial.ts';
import type { Budgets } from '../pacing/budget.ts';
import { Scout } from '../pacing/scout.ts';
import { FilterHomes } from '../rpc/filters.ts';
import type { Runtime } from '../runtime.ts';
import { Speed } from '../speed/speed.ts';
import { StrategyChoice } from '../strategies/choice.ts';
import { Rendezvous } from '../strategies/rendezvous.ts';
import { ConnectionPools } from '../transport/connection-pools.ts';
import { Deadlines } from '../transport/deadlines.ts';
import type { TransportSettings } from '../transport/settings.ts';
import { type SilenceLimits, shortestSilenceMs } from '../transport/silence.ts';
import type { UploadLimits } from '../transport/upload.ts';
import { Availability } from '../upstreams/availability.ts';
import { Membership } from '../upstreams/membership.ts';
import { Quarantine } from '../upstreams/quarantine.ts';
import { Registry } from '../upstreams/registry.ts';
import { SharedLimits } from '../upstreams/shared-limits.ts';
import { StandingChanges } from '../upstreams/standing-changes.ts';
import { Suspects } from '../upstreams/suspects.ts';
import { Upstream, type UpstreamSpec } from '../upstreams/upstream.ts';
import { type CheckSettings, createChecks, createPlainQuestion, type HeightListener } from './checks.ts';
import { type HedgeDelay, Hedges } from './hedges.ts';
import { Queue } from './queue.ts';
import { PoolRoom, type Room } from './room.ts';
import { Trials } from './trials.ts';
import { PoolUsage } from './usage.ts';

export interface PoolSettings extends SilenceLimits, UploadLimits, CheckSettings {
  readonly upstreams: readonly UpstreamSpec[];
  readonly strategy: string;
  /** Whether a client's calls stay with one upstream of each tier, and who is a client: who has a key, or an address. */
  readonly sticky: 'key' | 'address' | undefined;
  /** How long a failed upstream is quarantined: a fixed time in milliseconds, or a time that fits the cause. */
  readonly errorTimeToLiveMs: number | 'auto';
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly retryStatus: ReadonlySet<number>;
  /** How many attempts one request may make; Infinity when there is no limit. */
  readonly maxAttempts: number;
  /** Whether limits are learnt and kept to; else only the ceilings that upstreams are given. */
  readonly pacing: 'auto' | 'off';
  /** How long a request may wait for an upstream's turn. */
  readonly maxQueueWaitMs: number;
  /** How many requests may wait. */
  readonly maxQueue: number;
  /** Upstreams that are silent, or much slower than the others, are asked after them. */
  readonly avoidSlow: boolean;
  /** When a second upstream is asked as well. */
  readonly hedge: HedgeDelay;
}

export interface Pool {
  readonly identity: PoolIdentity;
  /** What the paths of its requests begin with: `/base`; empty for the pool of all other requests. */
  readonly path: string;
  readonly runtime: Runtime;
  readonly settings: PoolSettings;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly quarantine: Quarantine;
  readonly suspects: Suspects;
  readonly availability: Availability;
  readonly strategies: StrategyChoice;
  /** The order for each client, where its calls stay with one upstream. */
  readonly rendezvous: Readonly<Record<Tier, Rendezvous>>;
  readonly trials: Trials;
  readonly room: Room;
  /** Requests that wait for an upstream. */
  readonly queue: Queue;
  /** Requests that have asked upstreams in vain and wait, while none is usable, for what others find. */
  readonly onlookers: Queue;
  readonly sharedLimits: SharedLimits;
  /** Both are undefined where nothing is avoided and hedged. */
  readonly speed: Speed | undefined;
  readonly hedges: Hedges | undefined;
  readonly filters: FilterHomes<Upstream>;
  readonly transport: TransportSettings;
  readonly learnHeight: HeightListener;
  readonly usage: PoolUsage;
  /** Starts the health checks. */
  start(): void;
  /** The process is about to end: nobody waits any more. */
  endWaiting(): void;
  /** Stops the checks and questions, and closes the connections. */
  stop(): void;
}

/** What the pools of a process share. */
export interface PoolDependencies {
  readonly runtime: Runtime;
  /** Opens all connections to upstreams. */
  readonly dialer: Dialer;
  readonly identity: Identity;
  readonly budgets: Budgets;
}

/** `name` is what its path says; DEFAULT_POOL for that of the requests whose path names no pool. */
export function createPool(name: string, settings: PoolSettings, dependencies: PoolDependencies): Pool {
  const { runtime, dialer, budgets } = dependencies;
  const identity = new PoolIdentity(name);
  const { clock, random, announcer, logger } = runtime;
  const changes = new StandingChanges();
  const upstreams = settings.upstreams.map((spec) => new Upstream(spec, clock.monotonicMs(), identity));
  for (const spec of settings.upstreams) warnIfInsecure(spec, logger);
  const scout = new Scout();
  const onJoin = (upstream: Upstream) => {
    upstream.budget = budgets.of(upstream.limits, settings.pacing === 'auto', scout);
  };
  for (const upstream of upstreams) onJoin(upstream);
  const registry = new Registry(upstreams, changes);
  const timeToLive = settings.errorTimeToLiveMs;
  const quarantine = new Quarantine({ timeToLive, clock, random, announcer, changes });
  const ask = createPlainQuestion(settings, runtime, dialer);
  const suspects = new Suspects({ ask, quarantine, clock });
  const availability = new Availability({ registry, quarantine }, changes, clock);
  const trials = new Trials(clock);
  const room = new PoolRoom(clock);
  const queue = new Queue({ registry, availability, room }, clock, settings.maxQueue);
  // That a quarantine is over proves nothing: one of them asks, not all.
  const proofs = { firstReturnAtMs: () => Number.POSITIVE_INFINITY };
  const onlookers = new Queue({ registry, availability: proofs, room }, clock, settings.maxQueue);
  changes.listen((isBetter) => {
    if (!isBetter) return;
    queue.serveAll();
    onlookers.serveAll();
  });
  const { connectTimeoutMs } = settings;
  const connections = new ConnectionPools({ dialer, clock, random, connectTimeoutMs });
  const filters = new FilterHomes<Upstream>(clock);
  const onLeave = (upstream: Upstream) => {
    connections.close(upstream);
    filters.forget(upstream);
    suspects.cleared(upstream);
  };
  const membership = new Membership({
    pool: identity,
    registry,
    quarantine,
    announcer,
    clock,
    onJoin,
    onLeave,
  });
  const checks = createChecks(settings, { registry, quarantine, membership }, runtime, dialer);
  const shortestMs = Math.min(shortestSilenceMs(settings), settings.requestTimeoutMs);
  return {
    identity,
    path: name === DEFAULT_POOL ? '' : `/${name}`,
    runtime,
    settings,
    registry,
    membership,
    quarantine,
    suspects,
    availability,
    strategies: new StrategyChoice(settings.strategy, { clock, random }),
    rendezvous: { primary: new Rendezvous(), fallback: new Rendezvous() },
    trials,
    room,
    queue,
    onlookers,
    sharedLimits: new SharedLimits(),
    ...createSpeed(identity, settings, registry, runtime),
    filters,
    transport: {
      clock,
      identity: dependencies.identity,
      deadlines: new Deadlines(clock, shortestMs),
      silence: settings,
      upload: settings,
      connections,
    },
    learnHeight: checks.learnHeight,
    usage: new PoolUsage(),
    start: checks.start,
    endWaiting() {
      queue.close();
      onlookers.close();
    },
    stop() {
      checks.stop();
      suspects.stop();
      connections.closeAll();
    },
  };
}

function createSpeed(
  identity: PoolIdentity,
  { avoidSlow, hedge }: PoolSettings,
  registry: Registry,
  { clock, announcer }: Runtime,
) {
  const isUsed = avoidSlow || hedge !== undefined;
  const speed = isUsed ? new Speed({ registry, clock, announcer, avoidsSlow: avoidSlow }) : undefined;
  return { speed, hedges: speed && new Hedges(hedge, speed, identity, announcer) };
}

/** Warns the operator about an upstream whose certificate is not verified. */
export function warnIfInsecure({ name, insecure }: UpstreamSpec, logger: Logger): void {
  if (!insecure) return;
  logger.warn(
    { upstream: name },
    'insecure=true: this upstream may be anybody, its certificate is not verified',
  );
}
