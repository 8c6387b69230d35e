/** Builds the operators' listener. */

import type { AddressInfo } from 'node:net';
import { createAlertTest } from '../admin/alert-test.ts';
import { createGuard, type Guard, type GuardSettings } from '../admin/auth.ts';
import type { OperatorChanges } from '../admin/operator-changes.ts';
import { Refusal } from '../admin/problems.ts';
import { createRoutes, type Route, type RouteDependencies } from '../admin/routes.ts';
import { AdminServer } from '../admin/server.ts';
import type { ServerLists } from '../admin/server-lists.ts';
import { Servers } from '../admin/servers.ts';
import { createStrategyChange } from '../admin/strategy.ts';
import type { Config } from '../config/config.ts';
import { maskedSettings } from '../config/masked-settings.ts';
import { warnIfInsecure } from '../pools/pool-state.ts';
import type { StatusSource } from '../server/status-paths.ts';
import { secretsOfSpec } from '../upstreams/upstream.ts';
import { createConsole, createWatching, type OperatorsContext } from './operators.ts';
import { inForce, type ReloadResult } from './reload.ts';

/** A shorter token can be guessed by trying. */
const SAFE_TOKEN_LENGTH = 16;

export interface Admin {
  /** Resolves to the address; undefined when the port is off. Rejects with the system's error. */
  listen(): Promise<AddressInfo | undefined>;
  /** From now on operators' calls go to the client port, which listens at this address. */
  useClientPort(address: AddressInfo): void;
  /** Ends the streams of events and stops answering. */
  close(): Promise<void>;
}

export interface AdminContext extends OperatorsContext {
  readonly lists: ServerLists;
  readonly status: StatusSource;
  /** Hears of changes that operators make here. */
  readonly told: OperatorChanges;
  /** See `Reloader.reload`. */
  readonly reload: () => Promise<ReloadResult>;
  /** Waits until all that has happened is known here; undefined where it always is. */
  readonly collect: (() => Promise<void>) | undefined;
}

export function createAdmin(context: AdminContext): Admin {
  const { runtime, service } = context;
  const { adminPort: port, adminHost: host } = service.config;
  if (port === undefined)
    return { listen: async () => undefined, useClientPort: () => {}, close: async () => {} };
  const { clock, logger } = runtime;
  const watching = createWatching(context);
  const calls = createConsole(context);
  const server = new AdminServer({
    clock,
    logger,
    guard: createCurrentGuard(() => service.config),
    routes: createAdminRoutes({ ...watching, console: calls.console }, context),
  });
  return {
    async listen() {
      const address = await server.listen(port, host).catch((error: object) => {
        throw Object.assign(error, { listener: 'admin' });
      });
      logger.info({ host: address.address, port: address.port }, 'Admin listening');
      const { adminToken: token } = service.config;
      if (token !== undefined && token.length < SAFE_TOKEN_LENGTH)
        logger.warn(`ADMIN_TOKEN has fewer than ${SAFE_TOKEN_LENGTH} characters: it can be guessed`);
      return address;
    },
    useClientPort: calls.useClientPort,
    async close() {
      watching.events.end();
      watching.live.end();
      await server.close();
    },
  };
}

/** A guard by the settings that are in force. */
function createCurrentGuard(config: () => Config): Guard {
  const read = (): GuardSettings => {
    const { adminToken: token, publicAdminUrl } = config();
    return { token, publicOrigin: publicAdminUrl && new URL(publicAdminUrl).origin };
  };
  let known = read();
  let guard = createGuard(known);
  return (head) => {
    const now = read();
    if (now.token !== known.token || now.publicOrigin !== known.publicOrigin) guard = createGuard(now);
    known = now;
    return guard(head);
  };
}

type Parts = Pick<RouteDependencies, 'events' | 'live' | 'overview' | 'console'>;

function createAdminRoutes(parts: Parts, context: AdminContext): readonly Route[] {
  const { runtime, service, lists, status, statistics, alerts, reload, hide, told, collect } = context;
  const { announcer, logger } = runtime;
  const pools = () => service.pools;
  const servers = new Servers({
    lists,
    pools,
    announcer,
    told,
    folder: process.cwd(),
    onNew(spec) {
      hide(secretsOfSpec(spec));
      warnIfInsecure(spec, logger);
    },
  });
  const routes = createRoutes({
    status,
    servers,
    ...parts,
    row: statistics.row,
    metrics: statistics.metrics,
    config() {
      const { config, sources } = inForce(service, lists);
      return Object.fromEntries(
        maskedSettings(config, sources).map(([name, value, source]) => [name, { value, source }]),
      );
    },
    changeStrategy: createStrategyChange(pools, announcer, told),
    testAlerts: createAlertTest(alerts),
    async reload() {
      const result = await reload();
      if (!('problems' in result)) return result;
      throw new Refusal(result.code, result.problems.join('\n'));
    },
  });
  return collect ? routes.map((route) => withFigures(route, collect)) : routes;
}

/** Calls whose answers hold figures of what clients have asked. */
const FIGURES = /^\/(?:history|metrics|servers.*)?$/;

/** The same call, which first waits for the figures of other processes. */
function withFigures(route: Route, collect: () => Promise<void>): Route {
  if (!FIGURES.test(route.path)) return route;
  return {
    ...route,
    async handle(call) {
      await collect();
      return route.handle(call);
    },
  };
}
