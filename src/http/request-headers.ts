/** Reads a client's header lines, and builds those that an upstream gets. */

import {
  connectionNames,
  HOP_BY_HOP,
  type Identity,
  isConnectionLogin,
  lowerCased,
  without,
} from './header-lines.ts';
import { traceIdOf } from './trace-context.ts';

/** A request's headers, read once. */
export interface RequestHeaders {
  /** The lines for every upstream, without Host, Content-Length and Authorization. */
  readonly forward: readonly string[];
  /** The client's Authorization lines, sent unless the upstream has its own. */
  readonly authorization: readonly string[] | undefined;
  /** One of the Authorization lines is a login for the whole connection. */
  readonly logsIn: boolean;
  readonly host: string | undefined;
  readonly requestId: string | undefined;
  /** That of its one valid traceparent, which is also in `forward`. */
  readonly traceId: string | undefined;
  readonly contentType: string;
  /** The exact value of Transfer-Encoding; undefined when there is none. */
  readonly transferEncoding: string | undefined;
  readonly contentLength: string | undefined;
  readonly expect: string | undefined;
  /** The client's Accept-Encoding lines, joined by commas; they are also in `forward`. */
  readonly acceptEncoding: string | undefined;
  /** Via holds our own name. */
  readonly looped: boolean;
  /** There is more than one Host, Transfer-Encoding or Content-Length. */
  readonly repeated: boolean;
  /** A header name is invalid: the parsers of older Node versions allow a blank before the colon. */
  readonly malformed: boolean;
  /** What X-Forwarded-* lines say, to be used only from a trusted peer; undefined when there are none. */
  readonly claims: Claims | undefined;
}

/** X-Forwarded-For, -Proto and -Host, with lines of one name joined by commas; `more` are the other lines unchanged. */
export interface Claims {
  for?: string;
  proto?: string;
  host?: string;
  readonly more: string[];
}

/** Where a request came from, as the upstream is told. */
export interface Origin {
  /** The client's address, for the log. */
  readonly address: string;
  /** The host that was asked for; empty when the client gave none. */
  readonly host: string;
  /** The values of X-Forwarded-For, -Proto and -Host. */
  readonly forwardedFor: string;
  readonly forwardedProto: string;
  readonly forwardedHost: string;
  /** Other X-Forwarded-* lines, from a trusted proxy. */
  readonly forwardedMore: readonly string[] | undefined;
}

/** The properties of an upstream that decide which lines it gets. */
export interface UpstreamHeaderOptions {
  readonly authorization: string | undefined;
  /** It gets the client's Host. */
  readonly keepsHost: boolean;
  /** Lines of its own, in place of the client's of these names (in lower case). */
  readonly headers: readonly string[];
  readonly headerNames: ReadonlySet<string>;
}

const ACCEPTABLE_REQUEST_ID = /^[\w.~:/+=@-]{1,128}$/;

/** Whether a header claims where a request came from. Some servers treat underscores as dashes, so both count. */
function claimsOrigin(name: string): boolean {
  const first = name.charCodeAt(0);
  // A shortcut for nearly all names: only x… and f… can match.
  if (first !== 120 && first !== 102) return false;
  const dashed = name.includes('_') ? name.replaceAll('_', '-') : name;
  return dashed.startsWith('x-forwarded-') || dashed === 'forwarded' || dashed === 'x-real-ip';
}

/** Reads a request's header lines once and selects what may be forwarded. */
export function readRequestHeaders(
  raw: readonly string[],
  identity: Omit<Identity, 'http2'>,
): RequestHeaders {
  const forward: string[] = [];
  let authorization: string[] | undefined;
  let logsIn = false;
  let named: Set<string> | undefined;
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let contentType: string | undefined;
  let expect: string | undefined;
  let acceptEncoding: string | undefined;
  let requestId: string | undefined;
  let traceparent: string | undefined;
  let via = '';
  let repeated = false;
  let malformed = false;
  let claims: Claims | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const key = lowerCased(name);
    if (key === undefined) {
      malformed = true;
      continue;
    }
    switch (key) {
      case 'host':
        repeated ||= host !== undefined;
        host = value;
        break;
      case 'content-length':
        repeated ||= contentLength !== undefined;
        contentLength = value;
        break;
      case 'transfer-encoding':
        repeated ||= transferEncoding !== undefined;
        transferEncoding = value;
        break;
      case 'expect':
        expect ??= value;
        break;
      case 'x-request-id':
        requestId ??= value;
        break;
      case 'connection':
        named = connectionNames(value, named);
        break;
      case 'via':
        via = via ? `${via}, ${value}` : value;
        break;
      case 'authorization':
        authorization ??= [];
        authorization.push(name, value);
        logsIn ||= isConnectionLogin(value);
        break;
      default:
        if (HOP_BY_HOP.has(key)) break;
        if (claimsOrigin(key)) {
          if (key.startsWith('x-forwarded-')) claims = addClaim(claims ?? { more: [] }, name, value);
          break;
        }
        if (key === 'content-type') contentType ??= value;
        else if (key === 'accept-encoding')
          acceptEncoding = acceptEncoding === undefined ? value : `${acceptEncoding},${value}`;
        else if (key === 'traceparent')
          traceparent = traceparent === undefined ? value : `${traceparent},${value}`;
        forward.push(name, value);
    }
  }
  const kept = named ? without(forward, named) : forward;
  kept.push('Via', via ? `${via}, ${identity.viaLine}` : identity.viaLine);
  return {
    forward: kept,
    authorization,
    logsIn,
    host,
    requestId: requestId !== undefined && ACCEPTABLE_REQUEST_ID.test(requestId) ? requestId : undefined,
    traceId: traceparent ? traceIdOf(traceparent) : undefined,
    contentType: contentType ?? '',
    transferEncoding,
    contentLength,
    expect,
    acceptEncoding,
    looped: via !== '' && passedThrough(via, identity),
    repeated,
    malformed,
    claims,
  };
}

function addClaim(claims: Claims, name: string, value: string): Claims {
  const joined = (before: string | undefined) => (before ? `${before}, ${value}` : value);
  switch (name.slice('x-forwarded-'.length).toLowerCase()) {
    case 'for':
      claims.for = joined(claims.for);
      break;
    case 'proto':
      claims.proto = joined(claims.proto);
      break;
    case 'host':
      claims.host = joined(claims.host);
      break;
    default:
      claims.more.push(name, value);
  }
  return claims;
}

function passedThrough(via: string, identity: Pick<Identity, 'via'>): boolean {
  return via.split(',').some((hop) => hop.trim().split(/\s+/)[1] === identity.via);
}

/** Lines as an upstream gets them: those of its own in place of others of the same names, and its credentials. */
export function linesFor(
  lines: readonly string[],
  { authorization, headers: own, headerNames }: UpstreamHeaderOptions,
): string[] {
  const sent = own.length === 0 ? lines.slice() : [...without(lines, headerNames), ...own];
  if (authorization !== undefined) sent.push('Authorization', authorization);
  return sent;
}

/**
 * The header lines of one attempt. The framing lines are written by the HTTP client itself, and so is the
 * upstream's Host, unless it wants the client's.
 */
export function attemptHeaders(
  headers: RequestHeaders,
  origin: Origin,
  requestId: string,
  upstream: UpstreamHeaderOptions,
): string[] {
  const lines = linesFor(headers.forward, upstream);
  const hasOwnCredentials = upstream.authorization !== undefined || upstream.headerNames.has('authorization');
  if (upstream.keepsHost && origin.host) lines.push('Host', origin.host);
  if (headers.authorization && !hasOwnCredentials) lines.push(...headers.authorization);
  lines.push(
    'X-Forwarded-For',
    origin.forwardedFor,
    'X-Forwarded-Proto',
    origin.forwardedProto,
    'X-Request-Id',
    requestId,
  );
  if (origin.forwardedHost) lines.push('X-Forwarded-Host', origin.forwardedHost);
  if (origin.forwardedMore) lines.push(...origin.forwardedMore);
  return lines;
}
