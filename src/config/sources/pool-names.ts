/** What pools may be called, and which pool a setting's name with a suffix is of. */

import { DEFAULT_POOL } from '../../events.ts';
import { OWN_PATHS } from '../../http/target.ts';
import { SETTINGS, type Setting } from '../table/settings.ts';

/** One way to read such a name: `HEALTH_CHECK_BASE` is HEALTH_CHECK of the pool `base`. */
export interface Split {
  readonly setting: Setting;
  /** As the pool's path says it. */
  readonly pool: string;
}

const MAX_LENGTH = 40;
const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const TAKEN: ReadonlySet<string> = new Set([...OWN_PATHS, DEFAULT_POOL]);

/** A pool's name as its path says it: in lower case, with `-` for `_`. */
export function poolNameOf(written: string): string {
  return written.toLowerCase().replaceAll('_', '-');
}

/** The name of a setting for one pool: `STRATEGY_ARBITRUM_ONE`. That of all pools without one. */
export function settingName(name: string, pool: string | undefined): string {
  return pool === undefined ? name : `${name}_${pool.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * All ways to read a name as that of a setting with a pool's behind it, the longest setting first. `separator` is
 * what stands between words: `_` in the environment, `-` in flags.
 */
export function splitsOf(
  name: string,
  byName: ReadonlyMap<string, Setting>,
  separator: '_' | '-',
): readonly Split[] {
  const splits: Split[] = [];
  for (let at = name.lastIndexOf(separator); at > 0; at = name.lastIndexOf(separator, at - 1)) {
    const setting = byName.get(name.slice(0, at));
    const pool = poolNameOf(name.slice(at + 1));
    if (setting && pool !== '') splits.push({ setting, pool });
  }
  return splits;
}

/** Why no pool could ever have this name; undefined when one could. */
export function noPoolName(pool: string): string | undefined {
  if (NAME.test(pool) && pool.length <= MAX_LENGTH) return undefined;
  return `is no name of a pool; allowed: up to ${MAX_LENGTH} letters and digits, with "-" or "_" between them`;
}

/** Why a pool can't have this name; undefined when it can. `pools` are the names of all. */
export function poolNameProblem(pool: string, pools: ReadonlySet<string>): string | undefined {
  const noName = noPoolName(pool);
  if (noName !== undefined) return noName;
  if (TAKEN.has(pool)) return 'has another meaning in a path; allowed: another name for the pool';
  for (const { setting, tail } of TAILS) {
    const rest = pool.slice(tail.length + 1);
    if (pool === tail || (pool.startsWith(`${tail}-`) && pools.has(rest)))
      return `can't be told from the setting ${setting.name}; allowed: another name for the pool`;
  }
  return undefined;
}

/** What the name of a setting has behind that of another one which pools may have: `interval`. */
const TAILS = SETTINGS.flatMap((setting) =>
  SETTINGS.filter((other) => other.perPool && setting.name.startsWith(`${other.name}_`)).map((other) => ({
    setting,
    tail: poolNameOf(setting.name.slice(other.name.length + 1)),
  })),
);
