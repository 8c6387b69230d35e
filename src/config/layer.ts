import { maskUrl } from '../masking.ts';
import { HIDDEN } from '../secret-texts.ts';
import { type Secrecy, withoutQuery } from './secrecy.ts';
import type { Key, Setting } from './settings.ts';

/** What one place (command line, environment, a file) says about the settings. */
export interface Layer {
  readonly found: ReadonlyMap<Key, Found>;
  readonly problems: readonly string[];
  /** What is not used, and is no problem. */
  readonly warnings: readonly string[];
}

/** One setting as it was written somewhere. */
export interface Found {
  /** A list only where the setting takes one. */
  readonly raw: string | readonly string[];
  /** Where it was written: `environment`, `flag --port`, `.env line 3`. */
  readonly source: string;
  /** A primary list from here goes without a fallback list. */
  readonly standsAlone: boolean;
  /** What is wrong with it besides its value; counts only where this is the value that is used. */
  readonly problem?: string;
}

/** Gathers a layer; two names of one setting in the same place are a problem. */
export class LayerBuilder implements Layer {
  readonly found = new Map<Key, Found>();
  readonly problems: string[] = [];
  readonly warnings: string[] = [];

  add(setting: Setting, found: Found): void {
    const earlier = this.found.get(setting.key);
    if (!earlier) this.found.set(setting.key, found);
    else
      this.problems.push(
        `${setting.name} (${found.source}): it is set by ${earlier.source} as well; allowed: once`,
      );
  }
}

/** A value as it may stand in a problem: quoted and cut, or of a URL only scheme, host and port. */
export function shownValue(raw: string | readonly string[], secret?: Secrecy): string {
  if (secret === 'all') return HIDDEN;
  if (typeof raw !== 'string') return raw.map((item) => shownValue(item, secret)).join(', ');
  const value = raw.trim();
  if (value === '') return '""';
  if (secret === 'url' || /[@]|:[/\\]/.test(value)) return maskUrl(value);
  return JSON.stringify(withoutQuery(value.length > 60 ? `${value.slice(0, 60)}…` : value));
}
