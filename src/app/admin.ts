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
import type { Config, PoolConfig } from '../config/config.ts';
import type { Sources } from '../config/load.ts';
import { maskedSettings } from '../config/masked-settings.ts';
import { settingName } from '../config/sources/pool-names.ts';
import { warnIfInsecure } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import type { Runtime } from '../runtime.ts';
import type { StatusSource } from '../server/status-paths.ts';
import { secretsOfSpec } from '../upstreams/upstream.ts';
import { nameOf } from './pools.ts';
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
  /** Those that serve at the moment. */
  readonly pools: () => PoolTable;
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
  const { clock, announcer, logger } = context.runtime;
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
  { runtime, pools, status, statistics, sources = new Map(), hide = () => {} }: AdminContext,
) {
  const { announcer, logger } = runtime;
  const store = config.persistServers === undefined ? undefined : new ServerStore(config.persistServers);
  const lists = new ServerLists(config.upstreams, store);
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
    config: () => currentSettings(config, sources, lists, pools()),
    changeStrategy: createStrategyChange(pools, announcer),
  });
}

/** The masked settings with all changes since the start. */
function currentSettings(config: Config, sources: Sources, lists: ServerLists, pools: PoolTable) {
  const changed = new Map(sources);
  const current = config.pools.map((stated) => {
    const pool = pools.find(nameOf(stated));
    if (!pool) return stated;
    const listed = lists.upstreams.filter((spec) => spec.pool === stated.name);
    const strategy = pool.strategies.name;
    const note = (setting: string) => changed.set(settingName(setting, stated.name), 'admin port');
    if (!isEqualList(listed, stated.upstreams))
      for (const list of ['RPC_URLS', 'FALLBACK_RPC_URLS']) note(list);
    if (strategy !== stated.strategy) note('STRATEGY');
    const own: PoolConfig['own'] =
      strategy === stated.strategy ? stated.own : new Set([...stated.own, 'strategy']);
    const upstreams = listed.filter(({ name }) => pool.registry.find(name) !== undefined);
    return { ...stated, own, strategy, upstreams };
  });
  const unnamed = current.find(({ name }) => name === undefined);
  const settings = { ...config, pools: current, ...(unnamed && { strategy: unnamed.strategy }) };
  return Object.fromEntries(
    maskedSettings(settings, changed).map(([name, value, source]) => [name, { value, source }]),
  );
}

function isEqualList<T>(one: readonly T[], other: readonly T[]): boolean {
  return one.length === other.length && one.every((each, index) => each === other[index]);
}
