/** Puts together what all sources state: for the process, and for each pool. */

import { closestName } from '../closest-name.ts';
import { type Key, SETTINGS, type Setting } from '../table/settings.ts';
import { poolNameProblem, type Split, settingName } from './pool-names.ts';
import { type RawSetting, type RawSettings, type SuffixedSetting, setTwice } from './raw-settings.ts';

export type RawByKey = ReadonlyMap<Key, RawSetting>;

export const DEFAULT_SOURCE = 'default';

export interface MergedSettings {
  /** With defaults; what holds for each pool that has nothing of its own. */
  readonly common: RawByKey;
  /** What the named pools have of their own, in the order in which they are first named. */
  readonly pools: ReadonlyMap<string, RawByKey>;
  readonly problems: readonly string[];
}

/** The first source that states a setting wins; then its default. */
export function mergeSources(bySource: readonly RawSettings[], isTerminal: boolean): MergedSettings {
  const names = new Set(bySource.flatMap(poolsIn));
  const sorted = bySource.map((source) => sortByPool(source.suffixed, names));
  const problems = [...names].flatMap((pool) => {
    const problem = poolNameProblem(pool, names);
    return problem === undefined ? [] : [`${settingName('RPC_URLS', pool)}: the pool ${pool} ${problem}`];
  });
  const pools = [...names].map((pool) => {
    const own = sorted.flatMap(({ byPool }) => byPool.get(pool) ?? []);
    return [pool, firstOf(own)] as const;
  });
  const common = firstOf([...bySource.map(({ byKey }) => byKey), defaults(isTerminal)]);
  return {
    common,
    pools: new Map(pools),
    problems: [...problems, ...sorted.flatMap((source) => source.problems)],
  };
}

/** The pools that have a primary list in a source, or are there without one. */
function poolsIn({ pools, suffixed }: RawSettings): string[] {
  const withList = suffixed.flatMap(({ splits }) =>
    splits.filter(({ setting }) => setting.key === 'rpcUrls'),
  );
  return [...pools, ...withList.map(({ pool }) => pool)];
}

function defaults(isTerminal: boolean): RawByKey {
  return new Map(
    SETTINGS.flatMap(({ key, name, default: usual, defaultOnTerminal }) => {
      const value = (isTerminal ? defaultOnTerminal : undefined) ?? usual;
      if (value === undefined) return [];
      return [[key, { name, value, source: DEFAULT_SOURCE, standsAlone: false }] as const];
    }),
  );
}

/** In the order of the table of settings. */
function firstOf(maps: readonly RawByKey[]): Map<Key, RawSetting> {
  const first = new Map<Key, RawSetting>();
  for (const { key } of SETTINGS) {
    const raw = maps.map((map) => map.get(key)).find((each) => each !== undefined);
    if (raw) first.set(key, raw);
  }
  return first;
}

interface SortedSettings {
  readonly byPool: ReadonlyMap<string, RawByKey>;
  readonly problems: readonly string[];
}

/** What one source states for single pools. */
function sortByPool(suffixed: readonly SuffixedSetting[], pools: ReadonlySet<string>): SortedSettings {
  const byPool = new Map<string, Map<Key, RawSetting>>();
  const problems: string[] = [];
  for (const stated of suffixed) {
    const { splits, withoutPools: _, ...raw } = stated;
    const split = splits.find(({ pool }) => pools.has(pool));
    if (!split) problems.push(...strangeName(stated, pools));
    else if (!split.setting.perPool) problems.push(notPerPool(raw, split.setting));
    else {
      const own = byPool.get(split.pool) ?? new Map<Key, RawSetting>();
      byPool.set(split.pool, own);
      const name = settingName(split.setting.name, split.pool);
      const earlier = own.get(split.setting.key);
      if (earlier) problems.push(setTwice({ ...raw, name }, earlier));
      else own.set(split.setting.key, { ...raw, name });
    }
  }
  return { byPool, problems };
}

function notPerPool({ name, source }: RawSetting, { name: common }: Setting): string {
  return `${name} (${source}): ${common} is the same for all pools; allowed: ${common}`;
}

/** The problem of a name that ends with no pool's; none where it need not be meant as a setting at all. */
function strangeName(
  { name, source, splits, withoutPools }: SuffixedSetting,
  pools: ReadonlySet<string>,
): string[] {
  const near = splits.find(({ pool }) => closestName(pool, pools) !== undefined);
  if (pools.size === 0 && withoutPools !== undefined) return [withoutPools];
  const split = near ?? splits.find(({ setting }) => setting.perPool);
  // An environment has variables for other programs: HOST_NAME, LOG_LEVEL_DB.
  if (!split) return withoutPools === undefined ? [] : [withoutPools];
  const meant = near ? closestName(near.pool, pools) : closestSetting(splits);
  const hint = meant === undefined ? '' : ` did you mean ${meant}?`;
  const allowed = [...pools, `another one that ${settingName('RPC_URLS', split.pool)} sets up`].join(', ');
  return [`${name} (${source}): there is no pool ${split.pool};${hint} allowed: ${allowed}`];
}

/** One that goes on with nearly the same words, which alone are compared: `BASE` is not `RISE`. */
function closestSetting(splits: readonly Split[]): string | undefined {
  for (const { setting, pool } of splits) {
    const longer = SETTINGS.filter(({ name }) => name.startsWith(`${setting.name}_`));
    const rests = new Map(longer.map(({ name }) => [name.slice(setting.name.length + 1), name] as const));
    const closest = closestName(pool, rests.keys());
    if (closest !== undefined) return rests.get(closest);
  }
  return undefined;
}
