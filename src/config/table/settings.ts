/**
 * The one table of settings, from which defaults, environment names, flags, JSON keys, messages, `--help`,
 * `.env.example` and the documents' tables are made.
 */

import { z } from 'zod';
import type { Tier } from '../../events.ts';
import { adminSettings } from './admin-settings.ts';
import { clientSettings } from './client-settings.ts';
import { healthSettings } from './health-settings.ts';
import { notifierSettings } from './notifier-settings.ts';
import { processSettings } from './process-settings.ts';
import { definitionOf, optional, setting, type TypedDefinition } from './setting-definition.ts';
import { sharingSettings } from './sharing-settings.ts';
import { speedSettings } from './speed-settings.ts';
import { tlsSettings } from './tls-settings.ts';
import { attemptSettings, listSettings, orderSettings } from './upstream-settings.ts';
import { duration, integer, line, listenHost, oneOf, onOff, port, share, size } from './value-types.ts';

const GB = 1_024 ** 3;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Those that one pool may have for itself: `STRATEGY_BASE`. */
const poolRows = {
  ...listSettings,
  ...orderSettings,
  ...attemptSettings,
  ...speedSettings,
  ...healthSettings,
};

/** Converts the text of each setting to its value. The keys are those of `Config`, except for the two lists. */
export const schema = z.object({
  ...listSettings,
  ...orderSettings,
  port: setting(port(), {
    name: 'PORT',
    needsRestart: true,
    default: '8080',
    doc: 'Port where clients connect.',
  }),
  host: setting(listenHost(), {
    name: 'HOST',
    needsRestart: true,
    default: '0.0.0.0',
    doc: 'Address where clients connect; `0.0.0.0` or `::` for every address of the machine.',
  }),
  ...adminSettings,
  clientHeaderTimeoutMs: setting(duration('1ms'), {
    name: 'CLIENT_HEADER_TIMEOUT',
    default: '15s',
    doc: 'How long a client may take to send a request’s headers.',
  }),
  clientBodyTimeoutMs: setting(duration('1ms'), {
    name: 'CLIENT_BODY_TIMEOUT',
    default: '30s',
    doc: 'Longest silence within a request’s body, and longest time in which a client reads nothing of its answer.',
  }),
  clientKeepAliveMs: setting(duration('1ms'), {
    name: 'CLIENT_KEEP_ALIVE',
    default: '75s',
    doc: 'How long an idle client connection is kept open.',
  }),
  maxHeaderSizeBytes: setting(size(GB / 1024), {
    name: 'MAX_HEADER_SIZE',
    default: '32kb',
    doc: 'Larger request headers get 431; more than 100 header lines do, too.',
  }),
  maxUrlBytes: setting(size(GB / 1024), {
    name: 'MAX_URL',
    default: '8kb',
    doc: 'Longer request targets get 414.',
  }),
  maxConnections: setting(integer(1, 1_000_000), {
    name: 'MAX_CONNECTIONS',
    default: '10000',
    doc: 'Client connections at the same time; further ones are closed.',
  }),
  ...attemptSettings,
  ...speedSettings,
  maxBodyBytes: setting(size(1_024 * GB), {
    name: 'MAX_BODY',
    default: '50mb',
    doc: 'Larger request bodies get 413.',
  }),
  maxReplayBodyBytes: setting(size(GB), {
    name: 'MAX_REPLAY_BODY',
    default: '1mb',
    doc: 'Larger request bodies are streamed, not kept: upstreams are tried until one has taken the first byte, then no other. Not above `MAX_BODY`.',
  }),
  maxBatch: setting(integer(1, 1_000_000), {
    name: 'MAX_BATCH',
    default: '1000',
    doc: 'Calls in one JSON-RPC batch; more get 413.',
  }),
  maxBufferedBytes: setting(size(1_024 * GB), {
    name: 'MAX_BUFFERED',
    default: '256mb',
    doc: 'Memory for the bodies of all requests and answers together. When it is used up, bodies over 16 kB and answers are streamed (neither kept for a retry nor judged) or refused with `OVERLOADED`.',
  }),
  ...healthSettings,
  ...notifierSettings,
  slackCooldownMs: setting(duration('0s'), {
    name: 'SLACK_COOLDOWN',
    default: '5m',
    doc: 'The same alert is sent at most once within this time; while the problem lasts, it is repeated after each such time.',
  }),
  ...sharingSettings,
  ...clientSettings,
  ...tlsSettings,
  ...processSettings,
  statusPaths: setting(onOff(), {
    name: 'STATUS_PATHS',
    json: 'boolean',
    default: 'on',
    doc: 'Whether the client port answers `/stats`, `/healthz` and `/readyz` itself: `on` or `off`.',
  }),
  shutdownDelayMs: setting(duration('0s'), {
    name: 'SHUTDOWN_DELAY',
    default: '0s',
    doc: 'After SIGTERM or SIGINT: how long to go on accepting requests, with `/readyz` at 503 and `Connection: close` in the answers.',
  }),
  shutdownTimeoutMs: setting(duration('1ms'), {
    name: 'SHUTDOWN_TIMEOUT',
    default: '30s',
    doc: 'After that: how long requests in flight may take to finish.',
  }),
  logLevel: setting(oneOf(LOG_LEVELS), {
    name: 'LOG_LEVEL',
    default: 'info',
    doc: `Least severe lines that are logged: ${LOG_LEVELS.map((level) => `\`${level}\``).join(', ')}.`,
  }),
  logFormat: setting(oneOf(['json', 'pretty']), {
    name: 'LOG_FORMAT',
    needsRestart: true,
    default: 'json',
    defaultOnTerminal: 'pretty',
    doc: 'One JSON object per line (`json`), or lines for people (`pretty`).',
  }),
  logSample: setting(share(), {
    name: 'LOG_SAMPLE',
    default: '1',
    doc: 'The share of good requests that are logged, from 0 to 1: `0.01` for one in a hundred. All other requests are always logged.',
  }),
  env: setting(optional(line()), {
    name: 'ENV',
    needsRestart: true,
    doc: 'Name of the environment, for the log and alerts; `production` in the image.',
  }),
});

export type Key = keyof typeof schema.shape;
export type PoolKey = keyof typeof poolRows;

/** As `schema`, for what one pool may have for itself. */
export const poolSchema = z.object(poolRows);

export function isPerPool(key: Key): key is PoolKey {
  return Object.hasOwn(poolRows, key);
}

/** The settings that are lists of upstreams, and the tier of the upstreams in them. */
export const LIST_TIERS = { rpcUrls: 'primary', fallbackRpcUrls: 'fallback' } as const satisfies Partial<
  Record<Key, Tier>
>;
export type ListKey = keyof typeof LIST_TIERS;

export function isList(key: Key): key is ListKey {
  return Object.hasOwn(LIST_TIERS, key);
}

export interface Setting extends TypedDefinition {
  readonly key: Key;
  /** One pool may have another value than the others. */
  readonly perPool: boolean;
  readonly flag: string;
  readonly jsonKey: string;
}

/** Every setting, in the order of the table. */
export const SETTINGS: readonly Setting[] = schema.keyof().options.map((key) => {
  const definition = definitionOf(schema.shape[key]);
  const words = definition.name.toLowerCase().split('_');
  return {
    ...definition,
    key,
    perPool: isPerPool(key),
    flag: words.join('-'),
    jsonKey: words
      .map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
      .join(''),
  };
});

/** The names of the lists in the environment. */
export const LIST_NAMES: readonly string[] = SETTINGS.filter(({ key }) => isList(key)).map(
  ({ name }) => name,
);
