/** Builds the operators' listener. */

import type { AddressInfo } from 'node:net';
import { createGuard } from '../admin/auth.ts';
import { EventStreams } from '../admin/events.ts';
import { createRoutes } from '../admin/routes.ts';
import { AdminServer } from '../admin/server.ts';
import { ServerLists } from '../admin/server-lists.ts';
import { ServerStore } from '../admin/server-store.ts';
import { Servers } from '../admin/servers.ts';
import { createStrategyChange } from '../admin/strategy.ts';
import type { Config } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import { maskedSettings } from '../config/masked-settings.ts';
import { type Pool, warnIfInsecure } from '../pools/pool.ts';
import type { StatusSource } from '../server/status-paths.ts';
import { secretsOfSpec } from '../upstreams/upstream.ts';
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
  readonly pool: Pool;
  readonly status: StatusSource;
  readonly statistics: Statistics;
  /** Where each setting comes from, for `GET /config`. */
  readonly sources?: Sources;
  /** Keeps these texts out of the log. */
  readonly hide?: (secrets: readonly string[]) => void;
}

export function createAdmin(config: Config, context: AdminContext): Admin {
  const { adminPort: port, adminHost: host, adminToken: token } = config;
  if (port === undefined) return { listen: async () => undefined, close: async () => {} };
  const { clock, announcer, logger } = context.pool.runtime;
  const events = new EventStreams(clock);
  announcer.listen(events.listen);
  const server = new AdminServer({
    clock,
    logger,
    guard: createGuard(token),
    routes: createAdminRoutes(config, events, context),
  });
  return {
    async listen() {
      const address = await server.listen(port, host).catch((error: object) => {
        throw Object.assign(error, { listener: 'admin' });
      });
      logger.info({ host: address.address, port: address.port }, 'Admin listening');
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

function createAdminRoutes(
  config: Config,
  events: EventStreams,
  { pool, status, statistics, sources = new Map(), hide = () => {} }: AdminContext,
) {
  const { registry, membership, quarantine, strategies } = pool;
  const { announcer, logger } = pool.runtime;
  const store = config.persistServers === undefined ? undefined : new ServerStore(config.persistServers);
  const lists = new ServerLists(config.upstreams, store);
  const servers = new Servers({
    lists,
    registry,
    membership,
    quarantine,
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
    config: () => currentSettings(config, lists, pool, sources),
    changeStrategy: createStrategyChange(pool.identity, strategies, announcer),
  });
}

/** The masked settings with all changes since the start. */
function currentSettings(
  config: Config,
  lists: ServerLists,
  { registry, strategies }: Pool,
  sources: Sources,
) {
  const changed = new Map(sources);
  const isChanged = lists.upstreams !== config.upstreams;
  if (isChanged) for (const name of ['RPC_URLS', 'FALLBACK_RPC_URLS']) changed.set(name, 'admin port');
  if (strategies.name !== config.strategy) changed.set('STRATEGY', 'admin port');
  const present = lists.upstreams.filter(({ name }) => registry.find(name) !== undefined);
  const current = { ...config, upstreams: present, strategy: strategies.name };
  return Object.fromEntries(
    maskedSettings(current, changed).map(([name, value, source]) => [name, { value, source }]),
  );
}
