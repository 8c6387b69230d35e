/** Shows the settings without their secrets, and lists those secrets. */

import type { Tier } from '../events.ts';
import { maskUrl } from '../masking.ts';
import { secretsOfSpec } from '../upstreams/upstream.ts';
import { secretsOfKeys, shownKeys } from './api-keys.ts';
import type { Config } from './config.ts';
import type { Sources } from './load.ts';
import { SECRECY } from './secrecy.ts';
import { isList, LIST_TIERS, SETTINGS, type Setting } from './settings.ts';
import { formatStatuses } from './statuses.ts';
import { formatDuration, formatSize } from './units.ts';
import { maskedOptions } from './upstream-options.ts';

/** A setting's name in the environment, its value as a user would write it, and where it was set. */
export type MaskedSetting = readonly [name: string, text: string, source: string];

const NOT_SET = '–';

/** All settings in the order of the table, without secrets. */
export function maskedSettings(config: Config, sources: Sources): MaskedSetting[] {
  return SETTINGS.map((setting) => [
    setting.name,
    textOf(setting, config),
    sources.get(setting.name) ?? 'default',
  ]);
}

/** All texts of the settings, upstreams included, that must not be written anywhere, in every form. */
export function secretsOfConfig(config: Config): string[] {
  const own = SETTINGS.flatMap(({ key, secret }) => {
    const value = secret === undefined || isList(key) || key === 'apiKeys' ? undefined : config[key];
    return secret === undefined || value === undefined ? [] : SECRECY[secret].secrets(String(value));
  });
  return [...config.upstreams.flatMap(secretsOfSpec), ...own, ...secretsOfKeys(config.apiKeys ?? [])];
}

function textOf({ key, name, default: fallback, secret }: Setting, config: Config): string {
  if (isList(key)) return listOf(LIST_TIERS[key], config);
  if (key === 'apiKeys' && config.apiKeys) return shownKeys(config.apiKeys);
  const value = config[key];
  // A setting with a default has no value only when it is off.
  if (value === undefined) return fallback === undefined ? NOT_SET : 'off';
  if (secret !== undefined) return SECRECY[secret].shown(String(value));
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (value instanceof Set) return formatStatuses(value);
  if (Array.isArray(value)) return value.join(',');
  if (value === Number.POSITIVE_INFINITY) return 'all';
  if (typeof value !== 'number') return String(value);
  // The names and keys of settings end with their units.
  if (name.endsWith('_MINUTES')) return String(value / 60_000);
  if (key.endsWith('Ms')) return formatDuration(value);
  return key.endsWith('Bytes') ? formatSize(value) : String(value);
}

function listOf(tier: Tier, config: Config): string {
  const upstreams = config.upstreams.filter((upstream) => upstream.tier === tier);
  if (upstreams.length === 0) return tier === 'primary' ? NOT_SET : 'none';
  return upstreams
    .map((upstream) => {
      const draining = upstream.draining ? ' (draining)' : '';
      return `${maskUrl(upstream.url)} ${maskedOptions(upstream)}${draining}`;
    })
    .join(', ');
}
