/** The daemon: builds its parts, connects, starts and stops them. */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { ServerLists } from './admin/server-lists.ts';
import { ServerStore } from './admin/server-store.ts';
import { type Admin, createAdmin } from './app/admin.ts';
import { alertSettingsOf, createOperatorAlerts } from './app/alerts.ts';
import { Reloader, type ReloadResult } from './app/reload.ts';
import { ALONE, type Role, type RoleKind } from './app/role.ts';
import { Serving } from './app/serving.ts';
import type { SharedFacts } from './app/shared-facts.ts';
import { shareLists } from './app/shared-lists.ts';
import { createSharing, type Sharing } from './app/sharing.ts';
import { createStatistics } from './app/statistics.ts';
import type { Config } from './config/config.ts';
import type { SettingsResult, Sources } from './config/load.ts';
import { createEventLog } from './event-log.ts';
import type { LookUp } from './network/look-up.ts';
import type { Alerts } from './notifiers/alerts.ts';
import { createRuntime, type Runtime } from './runtime.ts';
import { certificatesIn } from './server/certificates.ts';
import type { EventLoopDelay } from './server/event-loop-delay.ts';

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
  /** The process is about to end at once: others that serve for it end, too. */
  abort(): void;
}

/** Builds the daemon without starting it. */
export function createApp(
  config: Config,
  runtimeParts: Omit<Runtime, 'announcer'>,
  options: AppOptions = {},
  kind: RoleKind = ALONE,
): App {
  const runtime = createRuntime(runtimeParts);
  const { announcer, clock, logger } = runtime;
  const { sources = new Map(), hide = () => {}, setLogLevel = () => {}, version = 'unknown' } = options;
  const { logLinesDropped = () => 0 } = options;
  const eventLog = createEventLog({ logger, random: runtime.random, sample: config.logSample });
  announcer.listen(kind.logged(eventLog.listener));
  const pools = () => serving.service.pools;
  const sharing = createSharing(config, { runtime, pools, facts: options.facts ?? kind.facts });
  const alerts = createOperatorAlerts(config, runtime, { pools, claims: sharing.claims });
  const secret = randomBytes(32);
  const via = `rpc-load-balancer-${randomBytes(3).toString('hex')}`;
  const serving = new Serving({
    ...{ config, sources, runtime, via, secret, lookUp: options.lookUp },
    clientBuckets: sharing.facts?.clients,
    overload: kind.createOverload(runtime, options.eventLoopDelay),
    stats: (name) => role.stats(name),
  });
  const { service, status, dialer } = serving;
  const statistics = createStatistics({
    ...{ pools, clock, announcer, version },
    isSharing: () => sharing.isUp,
    logLinesDropped: () => logLinesDropped() + role.linesDroppedElsewhere(),
  });
  const certificates = certificatesIn(config, { clock, logger });
  const role = kind.create({ config, runtime, serving, statistics, certificates, via, secret });
  const store = config.persistServers === undefined ? undefined : new ServerStore(config.persistServers);
  const lists = new ServerLists(config.upstreams, store, config.leftOut);
  const shared = shareLists(sharing.facts, {
    ...{ lists, service, runtime, hide },
    folder: process.cwd(),
    reload: () => reloader.reload('others'),
  });
  const reloader = new Reloader({
    load: options.load ?? (() => ({ ok: true, config, sources, warnings: [] })),
    ...{ service, lists, runtime, hide },
    isEnding: () => serving.isEnding,
    apply(next) {
      setLogLevel(next.logLevel);
      eventLog.setSample(next.logSample);
      alerts.reconfigure(alertSettingsOf(next, runtime.clock));
      return role.apply(next);
    },
    onReloaded: shared.onReloaded,
  });
  const reload = () => reloader.reload();
  const admin = createAdmin({
    ...{ runtime, dialer, service, lists, status, statistics, alerts },
    ...{ version, secret, reload, hide, told: shared.told, collect: role.collect },
  });
  const { takeOver } = shared;
  return new RunningApp({ runtime, serving, sharing, role, alerts, admin, reload, takeOver });
}

interface AppDependencies {
  readonly runtime: Runtime;
  readonly serving: Serving;
  readonly sharing: Sharing;
  readonly role: Role;
  readonly alerts: Alerts;
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
    const { runtime, admin, role, serving, sharing, takeOver } = this.#dependencies;
    // First, so that a daemon that can't listen at both has accepted no client's connection.
    this.adminAddress = await admin.listen();
    await sharing.start();
    await takeOver();
    const { client, redirect } = await role.port.listen();
    if (redirect) runtime.logger.info({ port: redirect.port }, 'Redirecting to HTTPS');
    admin.useClientPort(client);
    serving.start();
    return client;
  }

  reload(): Promise<ReloadResult> {
    return this.#dependencies.reload();
  }

  async stop(): Promise<number> {
    const { runtime, serving, sharing, role, alerts, admin } = this.#dependencies;
    // From here on nothing is reloaded.
    serving.beginDrain();
    // A router sends new connections elsewhere, but not those that are open: their clients must let go themselves.
    role.beginDrain();
    const { shutdownDelayMs, shutdownTimeoutMs } = serving.service.config;
    if (shutdownDelayMs > 0) await new Promise<void>((done) => runtime.clock.after(shutdownDelayMs, done));
    const cut = await serving.end(role.port, shutdownTimeoutMs);
    await alerts.drain(LAST_ALERTS_MS);
    await sharing.stop();
    // Last: operators watch the shutdown.
    await admin.close();
    return cut;
  }

  abort(): void {
    this.#dependencies.role.abort();
  }
}
