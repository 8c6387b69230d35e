import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { balance } from './balancer/balance.ts';
import { concludeDefect } from './balancer/conclude.ts';
import { ConnectionPool } from './balancer/connections.ts';
import { createIdentity } from './balancer/header-lines.ts';
import { type OpenSettings, open } from './balancer/open.ts';
import { createOriginReader } from './balancer/origin.ts';
import type { BalancerParts } from './balancer/parts.ts';
import { createPlacement } from './balancer/place.ts';
import { Tunnels } from './balancer/tunnels.ts';
import { Watch } from './balancer/watch.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import { createEventLog } from './event-log.ts';
import { Announcer } from './events.ts';
import type { Logger } from './log.ts';
import { readStats } from './metrics/stats.ts';
import { createAlerts } from './notifiers/alerts.ts';
import { notifiers } from './notifiers/index.ts';
import { probes } from './probes/index.ts';
import { HealthScheduler } from './probes/scheduler.ts';
import type { Random } from './random.ts';
import { FilterHomes } from './rpc/filters.ts';
import type { Handler } from './server/client-request.ts';
import { createEntrance } from './server/entrance.ts';
import { type LagSource, measureLag } from './server/lag.ts';
import { Overload } from './server/overload.ts';
import { createStatusPaths } from './server/status-paths.ts';
import { strategies } from './strategies/index.ts';
import { Availability } from './upstreams/availability.ts';
import { Quarantine } from './upstreams/quarantine.ts';
import { Registry } from './upstreams/registry.ts';
import { Upstream } from './upstreams/upstream.ts';

/** How long the last alerts may take when the process ends. */
const LAST_ALERTS_MS = 2_000;

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How late the event loop runs; measured where it is not given. */
  readonly lag?: LagSource;
}

export interface App {
  /** Resolves to the address once connections are accepted. Rejects with the system's error. */
  start(): Promise<AddressInfo>;
  /** Drains and ends. Resolves to the number of connections that had to be cut. */
  stop(): Promise<number>;
}

/** Builds the program and connects its parts: the one place that knows them all. */
export function createApp(config: Config, { clock, random, logger, lag }: Surroundings): App {
  const announcer = new Announcer((error) => logger.error({ err: error }, 'A listener failed'));
  announcer.listen(createEventLog(logger));
  const upstreams = createUpstreams(config, { clock, random, announcer });
  const alerts = createAlerts({
    announcer,
    notifier: config.slackWebhookUrl === undefined ? undefined : notifiers.slack(config.slackWebhookUrl),
    clock,
    cooldownMs: config.slackCooldownMs,
    hostname: hostname(),
    env: config.env,
  });
  for (const { name, insecure } of config.upstreams) {
    if (insecure)
      logger.warn(
        { upstream: name },
        'insecure=true: this upstream may be anybody, its certificate is not verified',
      );
  }
  if (config.slackWebhookUrl === undefined) logger.warn('No SLACK_WEBHOOK_URL: alerts go to the log only');

  const overload = new Overload({ lag: lag ?? measureLag(), clock, announcer });
  const drain: Drain = { begun: false, refusing: false };
  const balancer = createBalancer(config, upstreams, { drain, overload }, { clock, random, announcer });
  const handle = createHandler(config, { upstreams, balancer, drain, clock, logger });
  const entrance = createEntrance(config, { clock, logger }, handle);
  return {
    async start() {
      const address = await entrance.listen();
      upstreams.health?.start();
      overload.start();
      return address;
    },
    async stop() {
      drain.begun = true;
      if (config.shutdownDelayMs > 0)
        await new Promise<void>((done) => clock.after(config.shutdownDelayMs, done));
      drain.refusing = true;
      balancer.tunnels.leave();
      const cut = await entrance.drain(config.shutdownTimeoutMs);
      upstreams.health?.stop();
      overload.stop();
      for (const pool of upstreams.pools.values()) pool.close();
      await alerts.drain(LAST_ALERTS_MS);
      return cut;
    },
  };
}

interface Drain {
  /** `/readyz` says so; connections are still accepted. */
  begun: boolean;
  /** New requests are refused. */
  refusing: boolean;
}

interface Means {
  readonly clock: Clock;
  readonly random: Random;
  readonly announcer: Announcer;
}

interface Upstreams {
  readonly registry: Registry;
  readonly quarantine: Quarantine;
  readonly availability: Availability;
  readonly pools: Map<Upstream, ConnectionPool>;
  readonly health: HealthScheduler | undefined;
}

function createUpstreams(config: Config, { clock, random, announcer }: Means): Upstreams {
  const registry = new Registry(config.upstreams.map((spec) => new Upstream(spec, clock.monotonicMs())));
  const quarantine = new Quarantine({ timeToLive: config.errorTimeToLiveMs, clock, random, announcer });
  const availability = new Availability(registry, quarantine, clock);
  announcer.listen((event) => {
    if (event.type === 'upstream-down' || event.type === 'upstream-up') availability.invalidate();
  });
  const probe = probes[config.healthCheck];
  const health = probe
    ? new HealthScheduler({
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
      })
    : undefined;
  return { registry, quarantine, availability, pools: new Map(), health };
}

function createBalancer(
  config: Config,
  upstreams: Upstreams,
  { drain, overload }: { readonly drain: Drain; readonly overload: Overload },
  means: Means,
): BalancerParts {
  const { clock, random, announcer } = means;
  const { registry, quarantine, availability, pools } = upstreams;
  const filters = new FilterHomes<Upstream>(clock);
  const createStrategy = strategies[config.strategy];
  if (!createStrategy) throw new Error(`no strategy is called ${config.strategy}`);
  return {
    clock,
    announcer,
    quarantine,
    registry,
    filters,
    candidates: {
      availability,
      strategies: { primary: createStrategy({ clock, random }), fallback: createStrategy({ clock, random }) },
      trials: new Map(),
    },
    wire: {
      clock,
      // A name for each process: a loop is found, and a chain of two balancers is none.
      identity: createIdentity(`rpc-load-balancer-${randomBytes(3).toString('hex')}`),
      attemptTimeoutMs: config.attemptTimeoutMs,
      watch: new Watch(clock, Math.min(config.attemptTimeoutMs, config.requestTimeoutMs)),
      upload: config,
      pool(upstream) {
        const known = pools.get(upstream);
        if (known) return known;
        const pool = new ConnectionPool(upstream, config.connectTimeoutMs);
        pools.set(upstream, pool);
        return pool;
      },
    },
    limits: config,
    classify: { maxBatch: config.maxBatch, place: createPlacement(filters, registry) },
    tunnels: new Tunnels(clock, config.tunnelIdleTimeoutMs),
    retryStatus: config.retryStatus,
    draining: () => drain.refusing,
    overloaded: () => overload.isOn,
  };
}

interface HandlerParts {
  readonly upstreams: Upstreams;
  readonly balancer: BalancerParts;
  readonly drain: Drain;
  readonly clock: Clock;
  readonly logger: Logger;
}

function createHandler(config: Config, { upstreams, balancer, drain, clock, logger }: HandlerParts): Handler {
  const { registry, availability } = upstreams;
  const answersStatus = config.statusPaths
    ? createStatusPaths({
        stats: () => readStats(registry, availability, clock),
        notReady: () => whyNotReady(drain, availability),
      })
    : () => false;
  const settings: OpenSettings = {
    identity: balancer.wire.identity,
    clock,
    maxHeaderSizeBytes: config.maxHeaderSizeBytes,
    maxUrlBytes: config.maxUrlBytes,
    requestTimeoutMs: config.requestTimeoutMs,
    readOrigin: createOriginReader(config.trustProxy),
    nextId: createIds(),
    guardsPath: () => registry.all.some((upstream) => upstream.basePath !== '/'),
  };
  return (request, response, upgrade) => {
    if (answersStatus(request, response)) return;
    const { exchange, refusal } = open(request, response, settings, upgrade);
    balance(exchange, refusal, balancer).catch((error: unknown) => {
      logger.error({ err: error, id: exchange.id }, 'A request failed by a defect');
      concludeDefect(exchange, balancer);
    });
  };
}

function whyNotReady(drain: Drain, availability: Availability): string | undefined {
  if (drain.begun) return 'draining';
  const usable = availability.usable('primary').length + availability.usable('fallback').length;
  return usable > 0 ? undefined : 'no upstream is usable';
}

/** Request ids: unpredictable across processes, cheap within one. */
function createIds(): () => string {
  const prefix = randomBytes(6).toString('hex');
  let count = 0;
  return () => {
    count += 1;
    return `${prefix}-${count.toString(36)}`;
  };
}
