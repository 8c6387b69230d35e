/** The settings as one source (the command line, the environment, a file) states them: texts, not checked yet. */

import type { Key, Setting } from './settings.ts';

export interface RawSettings {
  readonly byKey: ReadonlyMap<Key, RawSetting>;
  readonly problems: readonly string[];
  /** About values that are ignored, which is no problem. */
  readonly warnings: readonly string[];
}

/** One setting as a source states it. */
export interface RawSetting {
  /** A list only where the setting takes one. */
  readonly value: string | readonly string[];
  /** Where it was written: `environment`, `flag --port`, `.env line 3`. */
  readonly source: string;
  /** A primary list from this source needs no fallback list. */
  readonly standsAlone: boolean;
  /** What is wrong with it apart from its value; counts only when this value is the one that is used. */
  readonly problem?: string;
}

/** Gathers the settings of one source; a setting that is given by two of its names is a problem. */
export class RawSettingsBuilder implements RawSettings {
  readonly byKey = new Map<Key, RawSetting>();
  readonly problems: string[] = [];
  readonly warnings: string[] = [];

  add(setting: Setting, raw: RawSetting): void {
    const earlier = this.byKey.get(setting.key);
    if (!earlier) this.byKey.set(setting.key, raw);
    else
      this.problems.push(
        `${setting.name} (${raw.source}): it is set by ${earlier.source} as well; allowed: once`,
      );
  }
}
