/** What a pool has learnt, and all of it that stays when its settings change. */

import { type FailureReason, PoolIdentity, type Tier } from '../events.ts';
import type { Identity } from '../http/header-lines.ts';
import type { Logger } from '../log.ts';
import type { Dialer } from '../network/dial.ts';
import type { Budgets } from '../pacing/budget.ts';
import { Scout } from '../pacing/scout.ts';
import { FilterHomes } from '../rpc/filters.ts';
import type { Runtime } from '../runtime.ts';
import { HedgeBudget } from '../speed/hedge-budget.ts';
import { Speed } from '../speed/speed.ts';
import { StrategyChoice } from '../strategies/choice.ts';
import { Rendezvous } from '../strategies/rendezvous.ts';
import { ConnectionPools } from '../transport/connection-pools.ts';
import { Availability } from '../upstreams/availability.ts';
import { Membership } from '../upstreams/membership.ts';
import { Quarantine } from '../upstreams/quarantine.ts';
import { Registry } from '../upstreams/registry.ts';
import { SharedLimits } from '../upstreams/shared-limits.ts';
import { StandingChanges } from '../upstreams/standing-changes.ts';
import { Suspects } from '../upstreams/suspects.ts';
import { Upstream, type UpstreamSpec } from '../upstreams/upstream.ts';
import { type CreateChecks, createPlainQuestion, ownChecks, type PoolChecks } from './checks.ts';
import type { PoolSettings } from './pool-settings.ts';
import { Queue } from './queue.ts';
import { PoolRoom, type Room } from './room.ts';
import { Trials } from './trials.ts';
import { PoolUsage } from './usage.ts';

/** What the pools of a process share. */
export interface PoolDependencies {
  readonly runtime: Runtime;
  /** Opens all connections to upstreams. */
  readonly dialer: Dialer;
  readonly identity: Identity;
  readonly budgets: Budgets;
  /** If it is not given, this process checks its upstreams. */
  readonly createChecks?: CreateChecks;
}

export class PoolState {
  readonly identity: PoolIdentity;
  readonly registry: Registry;
  readonly membership: Membership;
  readonly quarantine: Quarantine;
  readonly suspects: Suspects;
  readonly availability: Availability;
  readonly strategies: StrategyChoice;
  /** The order for each client, where its calls stay with one upstream. */
  readonly rendezvous: Readonly<Record<Tier, Rendezvous>> = {
    primary: new Rendezvous(),
    fallback: new Rendezvous(),
  };
  readonly trials: Trials;
  readonly room: Room;
  /** Requests that wait for an upstream. */
  readonly queue: Queue;
  /** Requests that have asked upstreams in vain and wait, while none is usable, for what others find. */
  readonly onlookers: Queue;
  readonly sharedLimits = new SharedLimits();
  readonly filters: FilterHomes<Upstream>;
  readonly connections: ConnectionPools;
  readonly checks: PoolChecks;
  /** Requests under way. Written by the request handler. */
  readonly usage = new PoolUsage();
  readonly hedgeBudget = new HedgeBudget();
  /** Undefined until something is avoided or hedged. */
  speed: Speed | undefined;
  readonly #dependencies: PoolDependencies;
  readonly #scout = new Scout();
  #settings: PoolSettings;

  constructor(name: string, settings: PoolSettings, dependencies: PoolDependencies) {
    const { runtime, dialer } = dependencies;
    const { clock, random, announcer } = runtime;
    this.identity = new PoolIdentity(name);
    this.#dependencies = dependencies;
    this.#settings = settings;
    const upstreams = settings.upstreams.map(
      (spec) => new Upstream(spec, clock.monotonicMs(), this.identity),
    );
    for (const upstream of upstreams) this.#setBudget(upstream);
    const changes = new StandingChanges();
    const registry = new Registry(upstreams, changes);
    this.registry = registry;
    const timeToLive = settings.errorTimeToLiveMs;
    this.quarantine = new Quarantine({ timeToLive, clock, random, announcer, changes });
    const ask = createPlainQuestion(settings, dependencies);
    this.suspects = new Suspects({ ask, quarantine: this.quarantine, clock });
    this.availability = new Availability(this, changes, clock);
    this.strategies = new StrategyChoice(settings.strategy, { clock, random });
    this.trials = new Trials(clock);
    this.room = new PoolRoom(clock);
    this.queue = new Queue(this, clock, settings.maxQueue);
    // That a quarantine is over proves nothing: one of them asks, not all.
    const proofs = { firstReturnAtMs: () => Number.POSITIVE_INFINITY };
    this.onlookers = new Queue({ registry, availability: proofs, room: this.room }, clock, settings.maxQueue);
    changes.listen((isBetter) => {
      if (!isBetter) return;
      this.queue.serveAll();
      this.onlookers.serveAll();
    });
    this.connections = new ConnectionPools({ dialer, clock, random });
    this.filters = new FilterHomes<Upstream>(clock);
    this.membership = this.#createMembership();
    const { createChecks = ownChecks } = dependencies;
    this.checks = createChecks(settings, this, dependencies);
    this.#setSpeed();
    for (const spec of settings.upstreams) warnIfInsecure(spec, runtime.logger);
  }

  /**
   * Has these settings from now on. Upstreams whose URL stays are the same ones, with all that was learnt about them.
   * Returns those that have left.
   */
  reconfigure(settings: PoolSettings): readonly Upstream[] {
    const { runtime } = this.#dependencies;
    const before = this.#settings;
    this.#settings = settings;
    this.#setTimeToLive(settings.errorTimeToLiveMs, before.errorTimeToLiveMs);
    this.suspects.setQuestion(createPlainQuestion(settings, this.#dependencies));
    this.queue.setCapacity(settings.maxQueue);
    this.onlookers.setCapacity(settings.maxQueue);
    this.#setSpeed();
    this.#setStrategy();
    if (settings.pacing !== before.pacing)
      for (const upstream of this.registry.all) this.#setBudget(upstream);
    const known = this.registry.all.filter(({ verification }) => !verification.rejectUnauthorized);
    for (const spec of settings.upstreams)
      if (known.every(({ url }) => url !== spec.url.href)) warnIfInsecure(spec, runtime.logger);
    const left = this.membership.replace(settings.upstreams);
    this.checks.reconfigure(settings);
    return left;
  }

  /** Stops all that it does by itself. */
  stop(): void {
    this.checks.stop();
    this.suspects.stop();
    this.connections.closeAll();
  }

  /** See `Pool.retire`. */
  retire(): void {
    const { announcer } = this.#dependencies.runtime;
    this.checks.stop();
    this.suspects.stop();
    for (const { identity } of this.registry.all)
      announcer.announce({ type: 'upstream-removed', upstream: identity, cause: 'reload' });
    this.quarantine.fallSilent();
    this.usage.whenUnused(() => {
      for (const upstream of this.registry.all) upstream.hasLeft = true;
      this.connections.closeAll();
    });
  }

  #createMembership(): Membership {
    const { runtime } = this.#dependencies;
    return new Membership({
      pool: this.identity,
      registry: this.registry,
      quarantine: this.quarantine,
      announcer: runtime.announcer,
      clock: runtime.clock,
      onJoin: (upstream) => this.#setBudget(upstream),
      onChange: (upstream, change) => {
        if (change.limits) this.#setBudget(upstream);
        if (change.verification) {
          this.connections.close(upstream);
          this.#forgive(upstream, ['tls']);
        }
        // Its key may be another one.
        if (change.headers) this.#forgive(upstream, ['auth', 'plan']);
      },
      onLeave: (upstream) => {
        this.connections.close(upstream);
        this.filters.forget(upstream);
        this.suspects.cleared(upstream);
      },
    });
  }

  /** What had put it out for one of these reasons is another one now. */
  #forgive(upstream: Upstream, reasons: readonly FailureReason[]): void {
    const reason = this.quarantine.entryOf(upstream)?.reason;
    if (reason && reasons.includes(reason)) this.quarantine.release(upstream, 'operator');
  }

  /** A fixed time is over when it is another one: it fitted no cause, and would forbid to try what is well by now. */
  #setTimeToLive(timeToLive: PoolSettings['errorTimeToLiveMs'], before: typeof timeToLive): void {
    this.quarantine.setTimeToLive(timeToLive);
    if (before === 'auto' || before === timeToLive) return;
    for (const upstream of this.registry.all) {
      this.quarantine.release(upstream, 'operator');
      this.quarantine.methods.allow(upstream);
    }
  }

  #setBudget(upstream: Upstream): void {
    const learns = this.#settings.pacing === 'auto';
    upstream.budget = this.#dependencies.budgets.of(upstream.limits, learns, this.#scout);
  }

  #setSpeed(): void {
    const { avoidSlow: avoidsSlow, hedge } = this.#settings;
    const { clock, announcer } = this.#dependencies.runtime;
    if (this.speed) this.speed.setAvoidsSlow(avoidsSlow);
    else if (avoidsSlow || hedge !== undefined)
      this.speed = new Speed({ registry: this.registry, clock, announcer, avoidsSlow });
  }

  #setStrategy(): void {
    const { strategies, identity: pool } = this;
    const { strategy } = this.#settings;
    if (strategy === strategies.name || !strategies.choose(strategy)) return;
    this.#dependencies.runtime.announcer.announce({ type: 'strategy-changed', pool, strategy });
  }
}

/** Warns the operator about an upstream whose certificate is not verified. */
export function warnIfInsecure({ name, insecure }: UpstreamSpec, logger: Logger): void {
  if (!insecure) return;
  logger.warn(
    { upstream: name },
    'insecure=true: this upstream may be anybody, its certificate is not verified',
  );
}
