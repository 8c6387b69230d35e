import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { createAdmin } from './app/admin.ts';
import { createBalancer, type Drain } from './app/balancer.ts';
import { createFigures } from './app/figures.ts';
import { createHandler } from './app/handler.ts';
import type { Means } from './app/means.ts';
import { createUpstreams } from './app/upstreams.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Sources } from './config/load.ts';
import { createEventLog } from './event-log.ts';
import { Announcer } from './events.ts';
import type { Logger } from './log.ts';
import { createDialer } from './network/index.ts';
import type { LookUp } from './network/look-up.ts';
import { fittingConnections } from './network/shortage.ts';
import { type Alerts, createAlerts } from './notifiers/alerts.ts';
import { createNotifiers, notifiers as kinds } from './notifiers/index.ts';
import type { Random } from './random.ts';
import { createEntrance } from './server/entrance.ts';
import { type LagSource, measureLag } from './server/lag.ts';
import { Overload } from './server/overload.ts';
import type { StatusSource } from './server/status-paths.ts';
import { StrategyChoice } from './strategies/choice.ts';
import type { Availability } from './upstreams/availability.ts';

/** How long the last alerts may take when the process ends. */
const LAST_ALERTS_MS = 2_000;

export interface Surroundings {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** How late the event loop runs; measured where it is not given. */
  readonly lag?: LagSource;
  /** Where each setting comes from, as far as that is known. */
  readonly sources?: Sources;
  /** How host names are looked up; as the system does where it is not given. */
  readonly lookUp?: LookUp;
  /** Keeps secrets that come up later out of the log. */
  readonly hide?: (secrets: readonly string[]) => void;
  /** How many log lines were lost since the start. */
  readonly logLinesDropped?: () => number;
}

/** Why the program can't listen. */
export interface ListenError extends NodeJS.ErrnoException {
  readonly port?: number;
  /** Where it is not the client port. */
  readonly listener?: 'admin';
}

export interface App {
  /**
   * Resolves to the client port's address once connections are accepted. Rejects with a
   * ListenError.
   */
  start(): Promise<AddressInfo>;
  /** Undefined before the start, and when the admin port is off. */
  readonly adminAddress: AddressInfo | undefined;
  /** Drains and ends. Resolves to the number of connections that had to be cut. */
  stop(): Promise<number>;
}

/** Builds the program and connects its parts; the larger groups of parts are built in `app/`. */
export function createApp(config: Config, surroundings: Surroundings): App {
  const { clock, random, logger, lag, sources = new Map(), hide = () => {} } = surroundings;
  const { logLinesDropped = () => 0 } = surroundings;
  const announcer = new Announcer((error) => logger.error({ err: error }, 'A listener failed'));
  announcer.listen(createEventLog(logger));
  const dialer = createDialer({ clock, random, announcer, lookUp: surroundings.lookUp });
  const means: Means = { clock, random, announcer, logger, dialer };
  const upstreams = createUpstreams(config, means);
  const figures = createFigures(upstreams, logLinesDropped, means);
  const alerts = createOperatorAlerts(config, means);
  const overload = new Overload({ lag: lag ?? measureLag(), clock, announcer });
  const drain: Drain = { begun: false, refusing: false };
  const status: StatusSource = {
    stats: figures.stats,
    notReady: () => whyNotReady(drain, upstreams.availability),
  };
  const strategies = new StrategyChoice(config.strategy, { clock, random });
  const balancer = createBalancer(config, upstreams, { drain, overload, strategies }, means);
  const handler = createHandler(config, { balancer, status, underWay: figures.underWay }, means);
  const maxConnections = fittingConnections(config.maxConnections);
  const entrance = createEntrance({ ...config, maxConnections }, { clock, logger }, handler);
  const admin = createAdmin(config, { upstreams, status, figures, strategies, sources, hide }, means);
  let adminAddress: AddressInfo | undefined;
  return {
    get adminAddress() {
      return adminAddress;
    },
    async start() {
      // First, so that a program that can't listen at both has taken no client's connection.
      adminAddress = await admin.listen();
      const address = await entrance.listen();
      upstreams.health?.start();
      upstreams.memory?.start();
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
      upstreams.suspects.stop();
      upstreams.memory?.stop();
      overload.stop();
      upstreams.pools.closeAll();
      await alerts.drain(LAST_ALERTS_MS);
      // Last: operators watch the drain.
      await admin.close();
      return cut;
    },
  };
}

function createOperatorAlerts(config: Config, { announcer, clock, logger }: Means): Alerts {
  const { slackCooldownMs: cooldownMs, env } = config;
  const notifiers = createNotifiers(config, kinds);
  const settings = Object.values(kinds).map(({ setting }) => setting.name);
  if (notifiers.length === 0) logger.warn(`No ${settings.join(' or ')}: alerts go to the log only`);
  return createAlerts({ announcer, notifiers, clock, cooldownMs, hostname: hostname(), env });
}

function whyNotReady(drain: Drain, availability: Availability): string | undefined {
  if (drain.begun) return 'draining';
  // One that is in question counts: else a client could make this process look unready.
  return availability.isOut('primary') && availability.isOut('fallback')
    ? 'no upstream is usable'
    : undefined;
}
