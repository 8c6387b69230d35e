import type { Tier } from '../events.ts';
import { maskUrl } from '../masking.ts';
import type { Config } from './config.ts';
import { withoutQuery } from './layer.ts';
import type { Sources } from './load.ts';
import { type Key, SETTINGS } from './settings.ts';
import { formatStatuses } from './statuses.ts';
import { formatDuration, formatSize } from './units.ts';
import { maskedOptions } from './upstream-options.ts';

/** A setting's name in the environment, its value as one would write it, and where it was set. */
export type MaskedSetting = readonly [name: string, text: string, source: string];

const NOT_SET = '–';
const HIDDEN = '***';
const MAY_BE_OFF: ReadonlySet<Key> = new Set<Key>([
  'httpRedirectPort',
  'adminPort',
  'persistServers',
  'removeUnhealthyAfterMs',
]);

/** All settings in the order of the table; of upstreams and the webhook only scheme, host and port. */
export function maskedSettings(config: Config, sources: Sources): MaskedSetting[] {
  return SETTINGS.map(({ key, name }) => [name, textOf(key, config), sources.get(name) ?? 'default']);
}

function textOf(key: Key, config: Config): string {
  if (key === 'rpcUrls') return listOf('primary', config) || NOT_SET;
  if (key === 'fallbackRpcUrls') return listOf('fallback', config) || 'none';
  if (key === 'slackWebhookUrl') return config[key] === undefined ? NOT_SET : maskUrl(config[key]);
  if (key === 'errorTimeToLiveMs') return config[key] === 'auto' ? config[key] : String(config[key] / 60_000);
  if (key === 'healthCheckPath') return withoutQuery(config[key]);
  if (key === 'adminToken') return config[key] === undefined ? NOT_SET : HIDDEN;
  if (key === 'retryStatus') return formatStatuses(config[key]);
  const value = config[key];
  if (value === undefined && MAY_BE_OFF.has(key)) return 'off';
  // Keys name their units.
  if (typeof value === 'number' && key.endsWith('Ms')) return formatDuration(value);
  if (typeof value === 'number' && key.endsWith('Bytes')) return formatSize(value);
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'object') return [...value].join(',');
  if (value === Number.POSITIVE_INFINITY) return 'all';
  return value === undefined ? NOT_SET : String(value);
}

function listOf(tier: Tier, config: Config): string {
  return config.upstreams
    .filter((upstream) => upstream.tier === tier)
    .map((upstream) => {
      const draining = upstream.draining ? ' (draining)' : '';
      return `${maskUrl(upstream.url)} ${maskedOptions(upstream)}${draining}`;
    })
    .join(', ');
}
