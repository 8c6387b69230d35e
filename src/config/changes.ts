/** What a new reading of the settings changes. */

import { isDeepStrictEqual } from 'node:util';
import type { Tier } from '../events.ts';
import type { Config, PoolConfig } from './config.ts';
import type { Sources } from './load.ts';
import { DEFAULT_SOURCE } from './sources/merge.ts';
import { settingName } from './sources/pool-names.ts';
import { isList, isPerPool, LIST_TIERS, SETTINGS, type Setting } from './table/settings.ts';
import { statementOf } from './upstreams/server-entry.ts';

/** Settings, and where each comes from. */
export interface Stated {
  readonly config: Config;
  readonly sources: Sources;
}

/** The names of settings in the environment, with the suffix of their pool. */
export interface SettingChanges {
  readonly changed: readonly string[];
  /** What takes effect only when the process starts anew; these stand only here. */
  readonly restart: readonly string[];
}

/** Compares the settings in force with others. */
export function changesBetween(before: Stated, after: Stated): SettingChanges {
  const restart: string[] = [];
  const changed: string[] = [];
  for (const setting of SETTINGS) {
    if (!isChanged(setting, before, after)) continue;
    (waitsForRestart(setting, after.config) ? restart : changed).push(setting.name);
  }
  return { changed: [...changed, ...changesOfPools(before.config, after.config)], restart };
}

/** `after`, but for what takes effect only when the process starts anew. */
export function withoutRestart(before: Stated, after: Stated): Stated {
  const kept = SETTINGS.filter((setting) => waitsForRestart(setting, after.config));
  const values = kept.flatMap(({ key }) => (isList(key) ? [] : [[key, before.config[key]] as const]));
  const sources = kept.map(({ name }) => [name, before.sources.get(name) ?? DEFAULT_SOURCE] as const);
  return {
    // Each key has the value that it has in a Config.
    config: Object.freeze({ ...after.config, ...Object.fromEntries(values) }) as Config,
    sources: new Map([...after.sources, ...sources]),
  };
}

/** A token can't be taken away from an admin port that is open: the port may be one that needs it. */
function waitsForRestart({ key, needsRestart }: Setting, after: Config): boolean {
  return needsRestart === true || (key === 'adminToken' && after.adminToken === undefined);
}

function isChanged(setting: Setting, before: Stated, after: Stated): boolean {
  const { key, name } = setting;
  // A default may follow from another setting.
  const isGiven = ({ sources }: Stated) => (sources.get(name) ?? DEFAULT_SOURCE) !== DEFAULT_SOURCE;
  if (isList(key)) {
    const [one, other] = [unnamed(before.config), unnamed(after.config)];
    if (one && other) return !isSameList(one, other, LIST_TIERS[key]);
    return one !== other && isGiven(one ? before : after);
  }
  const isStated = setting.needsRestart || key === 'adminToken' || isGiven(before) || isGiven(after);
  return isStated && !isDeepStrictEqual(before.config[key], after.config[key]);
}

function unnamed({ pools }: Config): PoolConfig | undefined {
  return pools.find(({ name }) => name === undefined);
}

function changesOfPools(before: Config, after: Config): string[] {
  const names = new Set([...before.pools, ...after.pools].flatMap(({ name }) => name ?? []));
  return [...names].flatMap((pool) => {
    const one = before.pools.find(({ name }) => name === pool);
    const other = after.pools.find(({ name }) => name === pool);
    return SETTINGS.filter((setting) => isChangedInPool(setting, one, other)).map(({ name }) =>
      settingName(name, pool),
    );
  });
}

function isChangedInPool(
  { key }: Setting,
  before: PoolConfig | undefined,
  after: PoolConfig | undefined,
): boolean {
  if (!isPerPool(key)) return false;
  // Of a pool that comes or goes all that is given; `none` is no list without one.
  if (isList(key) && before && after) return !isSameList(before, after, LIST_TIERS[key]);
  const isOwn = before?.own.has(key) || after?.own.has(key) || false;
  return isOwn && (isList(key) || !isDeepStrictEqual(before?.[key], after?.[key]));
}

function isSameList(before: PoolConfig | undefined, after: PoolConfig | undefined, tier: Tier): boolean {
  const listOf = (pool: PoolConfig | undefined) =>
    (pool?.upstreams ?? []).filter((spec) => spec.tier === tier).map(statementOf);
  return isDeepStrictEqual(listOf(before), listOf(after));
}
