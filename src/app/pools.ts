/** Builds and changes the pools that the settings describe. */

import type { Config, PoolConfig } from '../config/config.ts';
import { DEFAULT_POOL } from '../events.ts';
import { createPool, type PoolDependencies, type PoolSettings } from '../pools/pool.ts';
import { PoolTable } from '../pools/pool-table.ts';

export function createPools(config: Config, dependencies: PoolDependencies): PoolTable {
  const pools = config.pools.map((each) => createPool(nameOf(each), settingsOf(config, each), dependencies));
  return new PoolTable(pools, createPool(DEFAULT_POOL, emptyOf(config), dependencies));
}

/** The pools by new settings. Those that are there keep what they have learnt; those that are new are started. */
export function changePools(before: PoolTable, config: Config, dependencies: PoolDependencies): PoolTable {
  const { announcer } = dependencies.runtime;
  dependencies.budgets.settle(config.upstreams);
  const pools = config.pools.map((each) => {
    const name = nameOf(each);
    const known = before.find(name);
    if (known) return known.withSettings(settingsOf(config, each));
    const added = createPool(name, settingsOf(config, each), dependencies);
    added.start();
    announcer.announce({ type: 'pool-added', pool: added.identity, name });
    return added;
  });
  const table = new PoolTable(pools, before.nowhere.withSettings(emptyOf(config)));
  for (const { identity, retire } of before.all) {
    if (table.find(identity.name)) continue;
    retire();
    announcer.announce({ type: 'pool-removed', pool: identity, name: identity.name });
  }
  return table;
}

/** What a pool is called in all that is shown and asked for. */
export function nameOf({ name }: Pick<PoolConfig, 'name'>): string {
  return name ?? DEFAULT_POOL;
}

function settingsOf(config: Config, pool: PoolConfig): PoolSettings {
  return { ...config, ...pool };
}

/** For the pool without upstreams. */
function emptyOf(config: Config): PoolSettings {
  return { ...config, upstreams: [], healthCheck: 'off' };
}
