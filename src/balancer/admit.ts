/** Reads a request's head, and refuses requests that no upstream may get. */

import { ANYBODY } from '../clients/client.ts';
import type { Clients } from '../clients/clients.ts';
import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import { isAllowedAuthority } from '../http/authority.ts';
import { type Identity, valuesOf } from '../http/header-lines.ts';
import {
  type IncomingRequest,
  isHttp2,
  isHttp10,
  MAX_HEADER_LINES,
  type OutgoingResponse,
  type UpgradeRequest,
} from '../http/messages.ts';
import { type RequestHeaders, readRequestHeaders } from '../http/request-headers.ts';
import { hasDotSegments, readTarget, type Target, withoutPrefix } from '../http/target.ts';
import type { Pool } from '../pools/pool.ts';
import type { PoolTable } from '../pools/pool-table.ts';
import { BufferAccount } from '../transport/buffer-account.ts';
import type { BufferLimit } from '../transport/buffer-limit.ts';
import { Exchange } from './exchange.ts';
import type { OriginReader } from './origin.ts';

export interface AdmitSettings {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly maxHeaderSizeBytes: number;
  readonly maxUrlBytes: number;
  readonly bufferLimit: BufferLimit;
  readonly readOrigin: OriginReader;
  readonly nextId: () => string;
  readonly pools: Pick<PoolTable, 'of'>;
  readonly clients: Clients;
}

export interface Admitted {
  readonly exchange: Exchange;
  readonly pool: Pool;
  /** Why the request is refused because of its head; undefined when it is not. */
  readonly refusal: AnswerCode | undefined;
}

/** How many requests of one HTTP/2 connection may be under way before a further one counts as greedy. */
const FAIR_STREAMS = 8;
const NO_TARGET: Target = { path: '/', query: undefined, authority: undefined };
const DIGITS = /^\d+$/;

export function admit(
  request: IncomingRequest,
  response: OutgoingResponse,
  settings: AdmitSettings,
  upgrade?: UpgradeRequest,
): Admitted {
  const { clock, identity, clients } = settings;
  const requested = readTarget(request.url ?? '') ?? NO_TARGET;
  const pool = settings.pools.of(requested.path);
  const { headers, target, prefix, client } = clients.recognize({
    headers: readRequestHeaders(request.rawHeaders, isHttp2(request) ? identity.http2 : identity),
    target: pool.path === '' ? requested : withoutPrefix(requested, pool.path),
    prefix: pool.path,
  });
  const startedMs = clock.monotonicMs();
  const exchange = new Exchange({
    request,
    response,
    // Of one without a key it may be a mistyped one.
    id: (client && headers.requestId) ?? settings.nextId(),
    headers,
    requested,
    target,
    prefix,
    client: client ?? ANYBODY,
    origin: settings.readOrigin(
      request,
      headers,
      target.authority ?? headers.host ?? '',
      'encrypted' in request.socket ? 'https' : 'http',
    ),
    startedMs,
    deadlineMs: startedMs + pool.settings.requestTimeoutMs,
    upgrade,
    account: new BufferAccount(settings.bufferLimit, (response.siblings ?? 0) > FAIR_STREAMS),
  });
  if (!client) exchange.barred = 'UNAUTHORIZED';
  if (clients.cors) exchange.answerLines = clients.cors.linesFor(headers.forward);
  const refusal = refusalOf(request, exchange, pool, settings);
  return { exchange, pool, refusal: refusal ?? (upgrade && refusalOfUpgrade(request, headers)) };
}

/** Why a request for another protocol is refused because of its head. */
function refusalOfUpgrade({ method }: IncomingRequest, { forward }: RequestHeaders): AnswerCode | undefined {
  if (method !== 'GET') return 'BAD_REQUEST';
  return valuesOf(forward, 'sec-websocket-key').length > 1 ? 'BAD_REQUEST' : undefined;
}

function refusalOf(
  request: IncomingRequest,
  { headers, requested, target }: Exchange,
  pool: Pool,
  settings: AdmitSettings,
): AnswerCode | undefined {
  const { rawHeaders, url = '', method, httpVersionMajor } = request;
  if (rawHeaders.length > MAX_HEADER_LINES * 2 || sizeOf(rawHeaders) > settings.maxHeaderSizeBytes)
    return 'HEADERS_TOO_LARGE';
  if (url.length > settings.maxUrlBytes) return 'URL_TOO_LONG';
  if (
    (httpVersionMajor !== 1 && !isHttp2(request)) ||
    requested === NO_TARGET ||
    request.isUpgradeWithBody ||
    isFramingInvalid(request, headers) ||
    isHostInvalid(request, headers, requested)
  ) {
    return 'BAD_REQUEST';
  }
  if (hasDotSegments(target.path) && guardsPath(pool)) return 'BAD_REQUEST';
  if (method === 'TRACE' || method === 'CONNECT') return 'METHOD_NOT_ALLOWED';
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue')
    return 'EXPECTATION_FAILED';
  return headers.looped ? 'LOOP_DETECTED' : undefined;
}

/** Whether an upstream has a base path, which a request must not leave. */
function guardsPath({ registry }: Pool): boolean {
  return registry.all.some((upstream) => upstream.basePath !== '/');
}

/** Whether two servers could disagree on where the request ends (RFC 9112, 6.1 and 6.3). */
function isFramingInvalid(request: IncomingRequest, headers: RequestHeaders): boolean {
  const { transferEncoding, contentLength, repeated, malformed } = headers;
  if (repeated || malformed) return true;
  if (contentLength !== undefined && !DIGITS.test(contentLength)) return true;
  if (transferEncoding === undefined) return false;
  return transferEncoding.toLowerCase() !== 'chunked' || isHttp10(request) || contentLength !== undefined;
}

function isHostInvalid(request: IncomingRequest, headers: RequestHeaders, target: Target): boolean {
  if (headers.host === undefined) return !isHttp10(request);
  return (
    !isAllowedAuthority(headers.host) ||
    (target.authority !== undefined && !isAllowedAuthority(target.authority))
  );
}

function sizeOf(rawHeaders: readonly string[]): number {
  // In addition to its name and value, each line has a colon, a space and a line end.
  let bytes = rawHeaders.length * 2;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}
