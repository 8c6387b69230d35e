/** The rows of the settings' table for lists of upstreams and what is done with them. */

import { STRATEGY_NAMES } from '../../strategies/index.ts';
import { optional, setting } from './setting-definition.ts';
import { statuses } from './statuses.ts';
import { countOrAll, duration, integer, minutesOrAuto, oneOf, orOff, urlList } from './value-types.ts';

export const listSettings = {
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
};

export const orderSettings = {
  strategy: setting(oneOf(STRATEGY_NAMES), {
    name: 'STRATEGY',
    jsonAlias: 'lbAlgo',
    default: 'shuffle',
    doc: `Order of the upstreams within each of the two lists: ${STRATEGY_NAMES.map((name) => `\`${name}\``).join(', ')}.`,
  }),
  sticky: setting(orOff(oneOf(['key', 'address'])), {
    name: 'STICKY',
    default: 'off',
    doc: 'Whether a client’s calls stay with one upstream of each list while it is well, whatever the strategy: `address` (a client is an address, with IPv6 its first 64 bits), `key` (who uses one of `API_KEYS`) or `off`.',
  }),
  errorTimeToLiveMs: setting(minutesOrAuto(), {
    name: 'ERROR_TIME_TO_LIVE_MINUTES',
    default: 'auto',
    doc: 'How long a failed or rate-limited upstream is left out: a number of minutes, fractions allowed, for exactly that long; `auto` for a time that fits the cause.',
  }),
};

export const attemptSettings = {
  requestTimeoutMs: setting(duration('1ms'), {
    name: 'REQUEST_TIMEOUT',
    default: '30s',
    doc: 'Time from a request’s headers until the first byte of its answer goes out. It covers all attempts, and the receiving of a body that is kept for them.',
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
  tunnelIdleTimeoutMs: setting(duration('1ms'), {
    name: 'TUNNEL_IDLE_TIMEOUT',
    default: '1h',
    doc: 'Longest silence, of both sides together, in a WebSocket or another upgraded connection; and in a stream of events.',
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
};
