/** The settings as one source (the command line, the environment, a file) states them: texts, not checked yet. */

import type { Key, Setting } from '../table/settings.ts';
import type { Split } from './pool-names.ts';
import type { StatedProxies } from './proxies.ts';

export interface RawSettings {
  readonly byKey: ReadonlyMap<Key, RawSetting>;
  /** Settings with the name of a pool behind their own. */
  readonly suffixed: readonly SuffixedSetting[];
  /** Pools that it has, even without a list. */
  readonly pools: readonly string[];
  readonly problems: readonly string[];
  /** About values that are ignored, which is no problem. */
  readonly warnings: readonly string[];
  /** For webhooks. */
  readonly proxies: StatedProxies;
  /** Names that are no setting's, which is no problem either: they may be meant for other programs. */
  readonly foreign: readonly ForeignName[];
}

export interface ForeignName {
  readonly name: string;
  /** Where it was written. */
  readonly source: string;
}

/** What a source writes for a setting. */
export interface Statement {
  /** A list only where the setting takes one. */
  readonly value: string | readonly string[];
  /** Where it was written: `environment`, `flag --port`, `.env line 3`. */
  readonly source: string;
  /** A primary list from this source needs no fallback list. */
  readonly standsAlone: boolean;
  /** What is wrong with it apart from its value; counts only when this value is the one that is used. */
  readonly problem?: string;
}

/** One setting as a source states it. */
export interface RawSetting extends Statement {
  /** Its name in the environment, with that of its pool: `STRATEGY_BASE`. */
  readonly name: string;
}

/** Which pool it is of is known once all sources were read: `HEALTH_CHECK_INTERVAL_BASE` could be read in two ways. */
export interface SuffixedSetting extends RawSetting {
  /** All ways to read its name; at least one. */
  readonly splits: readonly Split[];
  /** What is wrong with it where there are no pools; undefined where that is told like that of a pool's name. */
  readonly withoutPools?: string;
}

/** Gathers the settings of one source; a setting that is given by two of its names is a problem. */
export class RawSettingsBuilder implements RawSettings {
  readonly byKey = new Map<Key, RawSetting>();
  readonly suffixed: SuffixedSetting[] = [];
  readonly pools: string[] = [];
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  proxies: StatedProxies = new Map();
  readonly foreign: ForeignName[] = [];

  add(setting: Setting, raw: Statement): void {
    const { name } = setting;
    const earlier = this.byKey.get(setting.key);
    if (!earlier) this.byKey.set(setting.key, { ...raw, name });
    else this.problems.push(setTwice({ ...raw, name }, earlier));
  }
}

/** The problem of a setting that a source states for the second time. */
export function setTwice({ name, source }: RawSetting, earlier: RawSetting): string {
  return `${name} (${source}): it is set by ${earlier.source} as well; allowed: once`;
}
