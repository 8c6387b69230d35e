/** Shows the settings without their secrets, and lists those secrets. */

import type { Tier } from '../events.ts';
import { maskUrl } from '../masking.ts';
import { secretsOfSpec } from '../upstreams/upstream.ts';
import { secretsOfKeys, shownKeys } from './api-keys.ts';
import type { Config, PoolConfig } from './config.ts';
import type { Sources } from './load.ts';
import { SECRECY } from './secrecy.ts';
import { DEFAULT_SOURCE } from './sources/merge.ts';
import { settingName } from './sources/pool-names.ts';
import { isList, isPerPool, LIST_TIERS, SETTINGS, type Setting } from './table/settings.ts';
import { formatStatuses } from './table/statuses.ts';
import { formatDuration, formatSize } from './table/units.ts';
import { maskedOptions } from './upstreams/upstream-options.ts';

/** A setting's name in the environment, its value as a user would write it, and where it was set. */
export type MaskedSetting = readonly [name: string, text: string, source: string];

const NOT_SET = '–';

/** All settings in the order of the table, then what single pools have of their own; without secrets. */
export function maskedSettings(config: Config, sources: Sources): MaskedSetting[] {
  const unnamed = config.pools.find(({ name }) => name === undefined);
  const rows = SETTINGS.map((setting) => rowOf(setting, { ...config, upstreams: unnamed?.upstreams ?? [] }));
  const own = config.pools.filter(({ name }) => name !== undefined).flatMap(rowsOfPool);
  return [...rows, ...own].map(([name, text]) => [name, text, sources.get(name) ?? DEFAULT_SOURCE]);
}

function rowOf(setting: Setting, settings: Shown, pool?: string): readonly [name: string, text: string] {
  return [settingName(setting.name, pool), textOf(setting, settings)];
}

function rowsOfPool(pool: PoolConfig): (readonly [name: string, text: string])[] {
  const own = SETTINGS.filter(({ key }) => isList(key) || (isPerPool(key) && pool.own.has(key)));
  return own.map((setting) => rowOf(setting, pool, pool.name));
}

/** All texts of the settings, upstreams included, that must not be written anywhere, in every form. */
export function secretsOfConfig(config: Config): string[] {
  const own = [config, ...config.pools].flatMap((settings: Shown) =>
    SETTINGS.flatMap(({ key, secret }) => {
      const value = secret === undefined || isList(key) || key === 'apiKeys' ? undefined : settings[key];
      return secret === undefined || value === undefined ? [] : SECRECY[secret].secrets(String(value));
    }),
  );
  return [
    ...[...config.upstreams, ...config.leftOut].flatMap(secretsOfSpec),
    ...own,
    ...secretsOfKeys(config.apiKeys ?? []),
    ...[config.proxies?.http, config.proxies?.https].flatMap((proxy) =>
      proxy === undefined ? [] : SECRECY.url.secrets(proxy),
    ),
  ];
}

/** The settings of the process, or of one pool. */
type Shown = Partial<Omit<Config, 'upstreams' | 'pools' | 'areListsPersisted' | 'proxies'>> &
  Pick<Config, 'upstreams'>;

function textOf({ key, name, default: fallback, secret }: Setting, config: Shown): string {
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

function listOf(tier: Tier, config: Pick<Config, 'upstreams'>): string {
  const upstreams = config.upstreams.filter((upstream) => upstream.tier === tier);
  if (upstreams.length === 0) return tier === 'primary' ? NOT_SET : 'none';
  return upstreams
    .map((upstream) => {
      const draining = upstream.draining ? ' (draining)' : '';
      return `${maskUrl(upstream.url)} ${maskedOptions(upstream)}${draining}`;
    })
    .join(', ');
}
