/**
 * The one table of settings, from which defaults, environment names, flags, JSON keys, messages, `--help`,
 * `.env.example` and the documents' tables are made.
 */

import { z } from 'zod';
import type { Tier } from '../events.ts';
import { adminSettings } from './admin-settings.ts';
import { cidrs } from './cidrs.ts';
import { healthSettings } from './health-settings.ts';
import { notifierSettings } from './notifier-settings.ts';
import { orderSettings } from './order-settings.ts';
import { definitionOf, optional, setting, type TypedDefinition } from './setting-definition.ts';
import { speedSettings } from './speed-settings.ts';
import { statuses } from './statuses.ts';
import { tlsSettings } from './tls-settings.ts';
import {
  countOrAll,
  duration,
  integer,
  line,
  listenHost,
  minutesOrAuto,
  oneOf,
  onOff,
  port,
  size,
  urlList,
} from './value-types.ts';

const GB = 1_024 ** 3;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Converts the text of each setting to its value. The keys are those of `Config`, except for the two lists. */
export const schema = z.object({
  rpcUrls: setting(optional(urlList(false)), {
    name: 'RPC_URLS',
    alias: 'RPCs',
    jsonAlias: 'servers',
    json: 'list',
    secret: 'url',
    doc: 'Primary upstreams: URLs separated by commas, each followed by its options, separated by spaces (`name=alchemy weight=3`). Required.',
  }),
  fallbackRpcUrls: setting(optional(urlList(true)), {
    name: 'FALLBACK_RPC_URLS',
    alias: 'FALLBACK_RPCs',
    jsonAlias: 'fallbackServers',
    json: 'list',
    secret: 'url',
    doc: 'Secondary upstreams, asked when no primary gives an answer. Required when the primaries come from the environment; the word `none` means that there are none. Not required when the primaries come from `--backends` or the JSON file.',
  }),
  ...orderSettings,
  errorTimeToLiveMs: setting(minutesOrAuto(), {
    name: 'ERROR_TIME_TO_LIVE_MINUTES',
    default: 'auto',
    doc: 'How long a failed or rate-limited upstream is left out: a number of minutes, fractions allowed, for exactly that long; `auto` for a time that fits the cause.',
  }),
  port: setting(port(), { name: 'PORT', default: '8080', doc: 'Port where clients connect.' }),
  host: setting(listenHost(), {
    name: 'HOST',
    default: '0.0.0.0',
    doc: 'Address where clients connect; `0.0.0.0` or `::` for every address of the machine.',
  }),
  ...adminSettings,
  requestTimeoutMs: setting(duration('1ms'), {
    name: 'REQUEST_TIMEOUT',
    default: '30s',
    doc: 'Time from a request’s headers until the first byte of its answer goes out. It covers all attempts, and the receiving of a body that is kept for them.',
  }),
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
  tunnelIdleTimeoutMs: setting(duration('1ms'), {
    name: 'TUNNEL_IDLE_TIMEOUT',
    default: '1h',
    doc: 'Longest silence, of both sides together, in a WebSocket or another upgraded connection; and in a stream of events.',
  }),
  attemptTimeoutMs: setting(duration('1ms'), {
    name: 'ATTEMPT_TIMEOUT',
    default: '10s',
    doc: 'Longest wait for an upstream’s response headers, and between two chunks of a body that is read whole before the client gets a byte.',
  }),
  streamIdleTimeoutMs: setting(duration('1ms'), {
    name: 'STREAM_IDLE_TIMEOUT',
    default: '60s',
    doc: 'Longest silence within an answer’s body that streams; a stream of events (`text/event-stream`) has `TUNNEL_IDLE_TIMEOUT` instead. The upstream is not quarantined for it.',
  }),
  connectTimeoutMs: setting(duration('1ms'), {
    name: 'CONNECT_TIMEOUT',
    default: '2s',
    doc: 'Time to set up the connection of one attempt, with all addresses of the upstream’s name and TLS.',
  }),
  maxAttempts: setting(countOrAll(), {
    name: 'MAX_ATTEMPTS',
    jsonAlias: 'maxRetries',
    default: 'all',
    doc: 'Attempts per request; each upstream is asked at most once.',
  }),
  retryStatus: setting(statuses(), {
    name: 'RETRY_STATUS',
    json: 'list',
    default: '429,500,502-504,520-530',
    doc: 'Statuses, and ranges of them, after which the next upstream is tried (a 500 with a JSON-RPC answer is judged by that answer).',
  }),
  pacing: setting(oneOf(['auto', 'off']), {
    name: 'PACING',
    default: 'auto',
    doc: 'Whether the limits of upstreams are learnt from their answers, and requests held back that they would refuse: `auto` or `off`. With `off` only the ceilings of `rps=` hold. With a fixed `ERROR_TIME_TO_LIVE_MINUTES` the default is `off`.',
  }),
  maxQueueWaitMs: setting(duration('0s'), {
    name: 'MAX_QUEUE_WAIT',
    default: '1s',
    doc: 'How long a request may wait for an upstream that has room for it, before the fallback list is asked; or, while none is usable, for what other requests find.',
  }),
  maxQueue: setting(integer(0, 1_000_000), {
    name: 'MAX_QUEUE',
    default: '1000',
    doc: 'How many requests may wait at the same time; further ones are answered at once.',
  }),
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
  trustProxy: setting(optional(cidrs()), {
    name: 'TRUST_PROXY',
    json: 'list',
    doc: 'Proxies in front of this one whose `X-Forwarded-*` headers are trusted: networks such as `10.0.0.0/8`, single addresses, and the words `loopback` and `private`, separated by commas.',
  }),
  ...tlsSettings,
  statusPaths: setting(onOff(), {
    name: 'STATUS_PATHS',
    json: 'boolean',
    default: 'on',
    doc: 'Whether the client port answers `/stats`, `/healthz` and `/readyz` itself: `on` or `off`.',
  }),
  shutdownDelayMs: setting(duration('0s'), {
    name: 'SHUTDOWN_DELAY',
    default: '0s',
    doc: 'After SIGTERM or SIGINT: how long to go on accepting requests with `/readyz` at 503.',
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
    default: 'json',
    defaultOnTerminal: 'pretty',
    doc: 'One JSON object per line (`json`), or lines for people (`pretty`).',
  }),
  env: setting(optional(line()), {
    name: 'ENV',
    doc: 'Name of the environment, for the log and alerts; `production` in the image.',
  }),
});

export type Key = keyof typeof schema.shape;

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
    flag: words.join('-'),
    jsonKey: words
      .map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
      .join(''),
  };
});
