/** The daemon: builds its parts, connects, starts and stops them. */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { ServerLists } from './admin/server-lists.ts';
import { ServerStore } from './admin/server-store.ts';
import { type Admin, createAdmin } from './app/admin.ts';
import { alertSettingsOf, createOperatorAlerts } from './app/alerts.ts';
import { type Drain, whyNotReady } from './app/readiness.ts';
import { Reloader, type ReloadResult } from './app/reload.ts';
import { Service } from './app/service.ts';
import { shareLists } from './app/shared-lists.ts';
import { createSharing, type SharedFacts, type Sharing } from './app/sharing.ts';
import { createStatistics } from './app/statistics.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/config.ts';
import type { SettingsResult, Sources } from './config/load.ts';
import { createEventLog } from './event-log.ts';
import { createIdentity } from './http/header-lines.ts';
import { createDialer } from './network/index.ts';
import type { LookUp } from './network/look-up.ts';
import { fittingConnections } from './network/shortage.ts';
import type { Alerts } from './notifiers/alerts.ts';
import { Budgets } from './pacing/budget.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { type ClientPort, createClientPort } from './server/client-port.ts';
import { type EventLoopDelay, measureEventLoopDelay } from './server/event-loop-delay.ts';
import { Overload } from './server/overload.ts';
import type { StatusSource } from './server/status-paths.ts';
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
  /** Reads and checks all sources of settings anew; without it they never change. */
  readonly load?: (persistServers: string | undefined) => SettingsResult;
  readonly setLogLevel?: (level: string) => void;
  /** The program's, for operators. */
  readonly version?: string;
  /** How many log lines were lost since the start. */
  readonly logLinesDropped?: () => number;
  /** What this process shares with others of its machine. */
  readonly facts?: SharedFacts;
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
  /** Reads the settings anew. Never rejects but by a defect. */
  reload(): Promise<ReloadResult>;
  /** Drains and ends. Resolves to the number of connections that had to be cut. */
  stop(): Promise<number>;
}

/** Builds the daemon without starting it. */
export function createApp(
  config: Config,
  runtimeParts: Omit<Runtime, 'announcer'>,
  options: AppOptions = {},
): App {
  const runtime = createRuntime(runtimeParts);
  const { announcer, clock, logger } = runtime;
  const eventLog = createEventLog({ logger, random: runtime.random, sample: config.logSample });
  announcer.listen(eventLog.listener);
  const pools = () => service.pools;
  const origin = `${randomBytes(8).toString('hex')}.0`;
  const sharing = createSharing(config, { runtime, pools, origin, facts: options.facts });
  const alerts = createOperatorAlerts(config, runtime, { pools, claims: sharing.claims });
  const overload = new Overload({
    eventLoopDelay: options.eventLoopDelay ?? measureEventLoopDelay(),
    clock,
    announcer,
  });
  const drain: Drain = { begun: false, refusing: false };
  const status: StatusSource = {
    stats: (name) => statistics.stats(name),
    notReady: (name) => whyNotReady(drain, service.pools, name),
    hasPool: (name) => service.pools.find(name) !== undefined,
    areNamed: () => service.pools.areNamed,
  };
  const intake = {
    tunnels: new OpenTunnels(clock),
    whyNotNow() {
      if (drain.refusing) return 'SHUTTING_DOWN';
      return overload.isOn ? 'OVERLOADED' : undefined;
    },
  } as const;
  const { sources = new Map(), hide = () => {}, setLogLevel = () => {}, version = 'unknown' } = options;
  const secret = randomBytes(32);
  const dialer = createDialer({ ...runtime, lookUp: options.lookUp });
  const service = new Service(
    { config, sources },
    {
      runtime,
      dialer,
      // A name for each process: a loop is detected, and a chain of two balancers is not taken for one.
      identity: createIdentity(`rpc-load-balancer-${randomBytes(3).toString('hex')}`),
      budgets: new Budgets(),
      status,
      intake,
      secret,
    },
  );
  const statistics = createStatistics({
    pools,
    clock,
    announcer,
    logLinesDropped: options.logLinesDropped ?? (() => 0),
    isSharing: () => sharing.isUp,
    version,
  });
  const clientPort = createClientPort(limitsOf(config), { clock, logger }, service.handle);
  const store = config.persistServers === undefined ? undefined : new ServerStore(config.persistServers);
  const lists = new ServerLists(config.upstreams, store, config.leftOut);
  const shared = shareLists(sharing.facts, {
    ...{ lists, service, runtime, hide },
    folder: process.cwd(),
    reload: () => reloader.reload('others'),
  });
  const reloader = new Reloader({
    load: options.load ?? (() => ({ ok: true, config, sources, warnings: [] })),
    service,
    lists,
    runtime,
    isEnding: () => drain.begun,
    hide,
    apply(next) {
      setLogLevel(next.logLevel);
      eventLog.setSample(next.logSample);
      clientPort.setLimits(limitsOf(next));
      alerts.reconfigure(alertSettingsOf(next, runtime.clock));
    },
    onReloaded: shared.onReloaded,
  });
  const reload = () => reloader.reload();
  const admin = createAdmin({
    ...{ runtime, dialer, service, lists, status, statistics, alerts },
    ...{ version, secret, reload, hide, told: shared.told },
  });
  return new RunningApp({
    service,
    sharing,
    clock,
    tunnels: intake.tunnels,
    alerts,
    overload,
    drain,
    clientPort,
    admin,
    reload,
    takeOver: shared.takeOver,
  });
}

interface AppDependencies {
  readonly service: Service;
  readonly sharing: Sharing;
  readonly clock: Clock;
  readonly tunnels: OpenTunnels;
  readonly alerts: Alerts;
  readonly overload: Overload;
  readonly drain: Drain;
  readonly clientPort: ClientPort;
  readonly admin: Admin;
  readonly reload: App['reload'];
  readonly takeOver: () => Promise<void>;
}

class RunningApp implements App {
  readonly #dependencies: AppDependencies;
  adminAddress: AddressInfo | undefined;

  constructor(dependencies: AppDependencies) {
    this.#dependencies = dependencies;
  }

  async start(): Promise<AddressInfo> {
    const { admin, clientPort, service, sharing, overload, takeOver } = this.#dependencies;
    // First, so that a daemon that can't listen at both has accepted no client's connection.
    this.adminAddress = await admin.listen();
    await sharing.start();
    await takeOver();
    const address = await clientPort.listen();
    admin.useClientPort(address);
    for (const pool of service.pools.all) pool.start();
    overload.start();
    return address;
  }

  reload(): Promise<ReloadResult> {
    return this.#dependencies.reload();
  }

  async stop(): Promise<number> {
    const { service, sharing, clock, tunnels, alerts, overload, drain, clientPort, admin } =
      this.#dependencies;
    drain.begun = true;
    // From here on nothing is reloaded.
    const { config, pools } = service;
    if (config.shutdownDelayMs > 0) {
      // A router sends new connections elsewhere, but not those that are open: their clients must let go themselves.
      clientPort.letGo();
      await new Promise<void>((done) => clock.after(config.shutdownDelayMs, done));
    }
    drain.refusing = true;
    tunnels.closeAll();
    const stopTimer = clock.after(Math.max(0, config.shutdownTimeoutMs - LAST_ANSWERS_MS), () => {
      for (const pool of pools.all) pool.endWaiting();
    });
    const cut = await clientPort.drain(config.shutdownTimeoutMs);
    stopTimer();
    for (const pool of pools.all) pool.stop();
    overload.stop();
    await alerts.drain(LAST_ALERTS_MS);
    await sharing.stop();
    // Last: operators watch the shutdown.
    await admin.close();
    return cut;
  }
}

function limitsOf(config: Config): Config {
  return { ...config, maxConnections: fittingConnections(config.maxConnections) };
}
