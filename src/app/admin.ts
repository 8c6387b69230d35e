/** Builds the operators' listener. */

import type { AddressInfo } from 'node:net';
import { createAlertTest } from '../admin/alert-test.ts';
import { createGuard, type Guard } from '../admin/auth.ts';
import { EventStreams } from '../admin/events.ts';
import { Refusal } from '../admin/problems.ts';
import { createRoutes } from '../admin/routes.ts';
import { AdminServer } from '../admin/server.ts';
import type { ServerLists } from '../admin/server-lists.ts';
import { Servers } from '../admin/servers.ts';
import { createStrategyChange } from '../admin/strategy.ts';
import { maskedSettings } from '../config/masked-settings.ts';
import type { Alerts } from '../notifiers/alerts.ts';
import { warnIfInsecure } from '../pools/pool-state.ts';
import type { Runtime } from '../runtime.ts';
import type { StatusSource } from '../server/status-paths.ts';
import { secretsOfSpec } from '../upstreams/upstream.ts';
import { inForce, type ReloadResult } from './reload.ts';
import type { Service } from './service.ts';
import type { Statistics } from './statistics.ts';

/** A shorter token can be guessed by trying. */
const SAFE_TOKEN_LENGTH = 16;

export interface Admin {
  /** Resolves to the address; undefined when the port is off. Rejects with the system's error. */
  listen(): Promise<AddressInfo | undefined>;
  /** Ends the streams of events and stops answering. */
  close(): Promise<void>;
}

export interface AdminContext {
  readonly runtime: Runtime;
  readonly service: Service;
  readonly lists: ServerLists;
  readonly status: StatusSource;
  readonly statistics: Statistics;
  readonly alerts: Alerts;
  /** See `Reloader.reload`. */
  readonly reload: () => Promise<ReloadResult>;
  /** Keeps these texts out of the log. */
  readonly hide: (secrets: readonly string[]) => void;
}

export function createAdmin(context: AdminContext): Admin {
  const { runtime, service } = context;
  const { adminPort: port, adminHost: host } = service.config;
  if (port === undefined) return { listen: async () => undefined, close: async () => {} };
  const { clock, announcer, logger } = runtime;
  const events = new EventStreams(clock);
  announcer.listen(events.listen);
  const server = new AdminServer({
    clock,
    logger,
    guard: createCurrentGuard(() => service.config.adminToken),
    routes: createAdminRoutes(events, context),
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
    async close() {
      events.end();
      await server.close();
    },
  };
}

/** A guard by the token that is in force. */
function createCurrentGuard(token: () => string | undefined): Guard {
  let known = token();
  let guard = createGuard(known);
  return (head) => {
    const now = token();
    if (now !== known) guard = createGuard(now);
    known = now;
    return guard(head);
  };
}

function createAdminRoutes(events: EventStreams, context: AdminContext) {
  const { runtime, service, lists, status, statistics, alerts, reload, hide } = context;
  const { announcer, logger } = runtime;
  const pools = () => service.pools;
  const servers = new Servers({
    lists,
    pools,
    announcer,
    folder: process.cwd(),
    onNew(spec) {
      hide(secretsOfSpec(spec));
      warnIfInsecure(spec, logger);
    },
  });
  return createRoutes({
    status,
    servers,
    events,
    row: statistics.row,
    metrics: statistics.metrics,
    config() {
      const { config, sources } = inForce(service, lists);
      return Object.fromEntries(
        maskedSettings(config, sources).map(([name, value, source]) => [name, { value, source }]),
      );
    },
    changeStrategy: createStrategyChange(pools, announcer),
    testAlerts: createAlertTest(alerts),
    async reload() {
      const result = await reload();
      if (!('problems' in result)) return result;
      throw new Refusal(result.code, result.problems.join('\n'));
    },
  });
}
