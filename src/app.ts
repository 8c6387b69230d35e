/** The daemon: builds its parts, connects, starts and stops them. */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { hostname } from 'node:os';
import { type Admin, createAdmin } from './app/admin.ts';
import { createPools } from './app/pools.ts';
import { createStatistics } from './app/statistics.ts';
import { createHandler } from './balancer/handle.ts';
import type { Intake } from './balancer/intake.ts';
import { createClients } from './clients/clients.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { Sources } from './config/load.ts';
import { createEventLog } from './event-log.ts';
import { createIdentity } from './http/header-lines.ts';
import { createDialer } from './network/index.ts';
import type { LookUp } from './network/look-up.ts';
import { fittingConnections } from './network/shortage.ts';
import { type Alerts, createAlerts } from './notifiers/alerts.ts';
import { createNotifiers, notifiers as kinds } from './notifiers/index.ts';
import { Budgets } from './pacing/budget.ts';
import type { PoolTable } from './pools/pool-table.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { type ClientPort, createClientPort } from './server/client-port.ts';
import { type EventLoopDelay, measureEventLoopDelay } from './server/event-loop-delay.ts';
import { Overload } from './server/overload.ts';
import type { StatusSource } from './server/status-paths.ts';
import { createStatusPaths } from './server/status-paths.ts';
import { OpenTunnels } from './tunnels/open-tunnels.ts';

/** So long before the process ends those are told that wait in vain. */
const LAST_ANSWERS_MS = 100;
/** How long the last alerts may take when the process ends. */
const LAST_ALERTS_MS = 2_000;

export interface AppOptions {
  /** How late the event loop runs; measured if it is not given. */
  readonly eventLoopDelay?: EventLoopDelay;
  /** Where each setting comes from, as far as it is known. */
  readonly sources?: Sources;
  /** How host names are looked up; if it is not given, as the system does. */
  readonly lookUp?: LookUp;
  /** Keeps secrets that become known later out of the log. */
  readonly hide?: (secrets: readonly string[]) => void;
  /** How many log lines were lost since the start. */
  readonly logLinesDropped?: () => number;
}

/** Why the program can't listen. */
export interface ListenError extends NodeJS.ErrnoException {
  readonly port?: number;
  /** Undefined for the client port. */
  readonly listener?: 'admin';
}

export interface App {
  /** Resolves to the client port's address once connections are accepted. Rejects with a ListenError. */
  start(): Promise<AddressInfo>;
  /** Undefined before the start, and when the admin port is off. */
  readonly adminAddress: AddressInfo | undefined;
  /** Drains and ends. Resolves to the number of connections that had to be cut. */
  stop(): Promise<number>;
}

/** How far the shutdown has come. */
interface Drain {
  /** `/readyz` answers 503; requests are still accepted. */
  begun: boolean;
  /** New requests are refused. */
  refusing: boolean;
}

/** Builds the daemon without starting it. */
export function createApp(
  config: Config,
  runtimeParts: Omit<Runtime, 'announcer'>,
  options: AppOptions = {},
): App {
  const runtime = createRuntime(runtimeParts);
  const { announcer, clock, logger } = runtime;
  announcer.listen(createEventLog(logger));
  const dialer = createDialer({ ...runtime, lookUp: options.lookUp });
  // A name for each process: a loop is detected, and a chain of two balancers is not taken for one.
  const identity = createIdentity(`rpc-load-balancer-${randomBytes(3).toString('hex')}`);
  const pools = createPools(config, { runtime, dialer, identity, budgets: new Budgets() });
  const statistics = createStatistics({
    pools: () => pools,
    clock,
    announcer,
    logLinesDropped: options.logLinesDropped ?? (() => 0),
  });
  const alerts = createOperatorAlerts(config, runtime);
  const overload = new Overload({
    eventLoopDelay: options.eventLoopDelay ?? measureEventLoopDelay(),
    clock,
    announcer,
  });
  const drain: Drain = { begun: false, refusing: false };
  const status: StatusSource = {
    stats: statistics.stats,
    notReady: (name) => whyNotReady(drain, pools, name),
    hasPool: (name) => pools.find(name) !== undefined,
    areNamed: () => pools.areNamed,
  };
  const intake: Intake = {
    body: config,
    maxBatch: config.maxBatch,
    tunnels: new OpenTunnels(clock),
    whyNotNow() {
      if (drain.refusing) return 'SHUTTING_DOWN';
      return overload.isOn ? 'OVERLOADED' : undefined;
    },
  };
  const answersStatus = config.statusPaths ? createStatusPaths(status, clock) : () => false;
  const clients = createClients(config, randomBytes(32));
  const serving = { pools, intake, clients, answersStatus };
  const handler = createHandler(config, { runtime, identity, ...serving });
  const maxConnections = fittingConnections(config.maxConnections);
  const clientPort = createClientPort({ ...config, maxConnections }, { clock, logger }, handler.handle);
  const admin = createAdmin(config, { runtime, pools: () => pools, status, statistics, ...options });
  return new RunningApp({ config, clock, pools, intake, alerts, overload, drain, clientPort, admin });
}

interface AppDependencies {
  readonly config: Config;
  readonly clock: Clock;
  readonly pools: PoolTable;
  readonly intake: Intake;
  readonly alerts: Alerts;
  readonly overload: Overload;
  readonly drain: Drain;
  readonly clientPort: ClientPort;
  readonly admin: Admin;
}

class RunningApp implements App {
  readonly #dependencies: AppDependencies;
  adminAddress: AddressInfo | undefined;

  constructor(dependencies: AppDependencies) {
    this.#dependencies = dependencies;
  }

  async start(): Promise<AddressInfo> {
    const { admin, clientPort, pools, overload } = this.#dependencies;
    // First, so that a daemon that can't listen at both has accepted no client's connection.
    this.adminAddress = await admin.listen();
    const address = await clientPort.listen();
    for (const pool of pools.all) pool.start();
    overload.start();
    return address;
  }

  async stop(): Promise<number> {
    const { config, clock, pools, intake, alerts, overload, drain, clientPort, admin } = this.#dependencies;
    drain.begun = true;
    if (config.shutdownDelayMs > 0)
      await new Promise<void>((done) => clock.after(config.shutdownDelayMs, done));
    drain.refusing = true;
    intake.tunnels.closeAll();
    const stopTimer = clock.after(Math.max(0, config.shutdownTimeoutMs - LAST_ANSWERS_MS), () => {
      for (const pool of pools.all) pool.endWaiting();
    });
    const cut = await clientPort.drain(config.shutdownTimeoutMs);
    stopTimer();
    for (const pool of pools.all) pool.stop();
    overload.stop();
    await alerts.drain(LAST_ALERTS_MS);
    // Last: operators watch the shutdown.
    await admin.close();
    return cut;
  }
}

function createOperatorAlerts(config: Config, { announcer, clock, logger }: Runtime): Alerts {
  const { slackCooldownMs: cooldownMs, env } = config;
  const notifiers = createNotifiers(config, kinds);
  const settings = Object.values(kinds).map(({ setting }) => setting.name);
  if (notifiers.length === 0) logger.warn(`No ${settings.join(' or ')}: alerts go to the log only`);
  return createAlerts({ announcer, notifiers, clock, cooldownMs, hostname: hostname(), env });
}

function whyNotReady({ begun }: Drain, pools: PoolTable, name?: string): string | undefined {
  if (begun) return 'draining';
  const asked = pools.all.filter(({ identity }) => name === undefined || identity.name === name);
  // An upstream in question counts as usable: otherwise a client could make this process look unready.
  const out = asked.filter(
    ({ availability }) => availability.isOut('primary') && availability.isOut('fallback'),
  );
  if (out.length === 0) return undefined;
  const named = out.flatMap(({ identity: { shown } }) => shown ?? []).join(', ');
  return named === '' ? 'no upstream is usable' : `no upstream is usable in ${named}`;
}
