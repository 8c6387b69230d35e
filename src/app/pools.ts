/** Builds the pools that the settings describe. */

import type { Config, PoolConfig } from '../config/config.ts';
import { DEFAULT_POOL } from '../events.ts';
import { createPool, type PoolDependencies, type PoolSettings } from '../pools/pool.ts';
import { PoolTable } from '../pools/pool-table.ts';

export function createPools(config: Config, dependencies: PoolDependencies): PoolTable {
  const pools = config.pools.map((each) => createPool(nameOf(each), settingsOf(config, each), dependencies));
  const nowhere = createPool(DEFAULT_POOL, { ...config, upstreams: [] }, dependencies);
  return new PoolTable(pools, nowhere);
}

/** What a pool is called in all that is shown and asked for. */
export function nameOf({ name }: Pick<PoolConfig, 'name'>): string {
  return name ?? DEFAULT_POOL;
}

function settingsOf(config: Config, pool: PoolConfig): PoolSettings {
  return { ...config, ...pool };
}
