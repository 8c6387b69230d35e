/**
 * Header hygiene. One function for each direction, called by every path that sends headers on; the rules
 * are those of RFC 9110 (7.6.1 Connection, 7.6.3 Via) and RFC 9112 (6.1, 3.2.2).
 *
 * Headers travel as Node's flat list (name, value, name, value …) so that repeated lines keep their
 * number and order, and as latin1 text so that bytes above 127 pass unchanged.
 */

/** What the daemon calls itself in Via: one name for each process, so that a chain of two is no loop. */
export interface Identity {
  readonly via: string;
  /** How it signs: the version that was spoken to it, and its name. */
  readonly viaLine: string;
}

export function createIdentity(via: string): Identity {
  return { via, viaLine: `1.1 ${via}` };
}

/** A request's header section, read once. */
export interface RequestHeaders {
  /** What goes to every upstream, without Host, Content-Length and Authorization. */
  readonly forward: readonly string[];
  /** The client's Authorization lines, sent unless the upstream has its own. */
  readonly authorization: readonly string[] | undefined;
  readonly host: string | undefined;
  readonly requestId: string | undefined;
  readonly contentType: string;
  /** The exact value of Transfer-Encoding; undefined when there is none. */
  readonly transferEncoding: string | undefined;
  readonly contentLength: string | undefined;
  readonly expect: string | undefined;
  /** Our own name stands in Via. */
  readonly looped: boolean;
  /** Host or Transfer-Encoding or Content-Length stands more than once. */
  readonly repeated: boolean;
}

/** What is told to the upstream about where a request came from. */
export interface Origin {
  readonly address: string;
  readonly protocol: 'http' | 'https';
  readonly host: string;
}

/** Names that end at each hop whatever Connection says. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

/** Names that Connection may not remove: a client could otherwise strip what the next hop relies on. */
const CONNECTION_MAY_NOT_NAME: ReadonlySet<string> = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'forwarded',
  'via',
  'authorization',
  'cookie',
]);

const SANE_REQUEST_ID = /^[\w.~:/+=@-]{1,128}$/;
/** What a header value may not hold: control characters other than tab. */
const FORBIDDEN_IN_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const TOKEN = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** What nearly every Connection line says: it names no header. */
const NAMES_NOTHING: ReadonlySet<string> = new Set(['keep-alive', 'close', 'Keep-Alive', 'Close', '']);

/** The names that Connection lists and that it may remove, added to those that are known already. */
function connectionNames(value: string, known: Set<string> | undefined): Set<string> | undefined {
  if (NAMES_NOTHING.has(value)) return known;
  const names = known ?? new Set();
  for (const part of value.split(',')) {
    const name = part.trim().toLowerCase();
    if (name && !CONNECTION_MAY_NOT_NAME.has(name) && !name.startsWith('x-forwarded-')) names.add(name);
  }
  return names;
}

/** Header names in lower case, by the spelling they came in. Few spellings are common, so that few are kept. */
const LOWER_CASED = new Map<string, string>();
const MAX_SPELLINGS = 1_000;
const LONGEST_SPELLING = 64;

/** Lower-cases a header name. Undefined when it is none (RFC 9110, 5.1). */
function lowerCased(name: string): string | undefined {
  const known = LOWER_CASED.get(name);
  if (known !== undefined) return known;
  if (!TOKEN.test(name)) return undefined;
  const key = name.toLowerCase();
  if (LOWER_CASED.size < MAX_SPELLINGS && name.length <= LONGEST_SPELLING) LOWER_CASED.set(name, key);
  return key;
}

/** Claims about where a request came from, also in the spelling with underscores that some servers merge. */
function claimsOrigin(name: string): boolean {
  const first = name.charCodeAt(0);
  // Cheap way out for nearly all names: only x… and f… can match.
  if (first !== 120 && first !== 102) return false;
  const dashed = name.includes('_') ? name.replaceAll('_', '-') : name;
  return dashed.startsWith('x-forwarded-') || dashed === 'forwarded' || dashed === 'x-real-ip';
}

/** Reads a request's header lines once and sorts out what may be sent on. */
export function readRequestHeaders(raw: readonly string[], identity: Identity): RequestHeaders {
  const forward: string[] = [];
  let authorization: string[] | undefined;
  let named: Set<string> | undefined;
  let host: string | undefined;
  let contentLength: string | undefined;
  let transferEncoding: string | undefined;
  let contentType: string | undefined;
  let expect: string | undefined;
  let requestId: string | undefined;
  let via = '';
  let repeated = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    const key = lowerCased(name) ?? name.toLowerCase();
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
        break;
      default:
        if (HOP_BY_HOP.has(key) || claimsOrigin(key)) break;
        if (key === 'content-type') contentType ??= value;
        forward.push(name, value);
    }
  }
  const kept = named ? without(forward, named) : forward;
  kept.push('Via', via ? `${via}, ${identity.viaLine}` : identity.viaLine);
  return {
    forward: kept,
    authorization,
    host,
    requestId: requestId !== undefined && SANE_REQUEST_ID.test(requestId) ? requestId : undefined,
    contentType: contentType ?? '',
    transferEncoding,
    contentLength,
    expect,
    looped: via !== '' && passedThrough(via, identity),
    repeated,
  };
}

function passedThrough(via: string, identity: Identity): boolean {
  return via.split(',').some((hop) => hop.trim().split(/\s+/)[1] === identity.via);
}

/** The header lines of one attempt. Host and the framing lines are written by the HTTP client itself. */
export function attemptHeaders(
  headers: RequestHeaders,
  origin: Origin,
  requestId: string,
  upstreamAuthorization: string | undefined,
): string[] {
  const lines = headers.forward.slice();
  if (upstreamAuthorization !== undefined) lines.push('Authorization', upstreamAuthorization);
  else if (headers.authorization) lines.push(...headers.authorization);
  lines.push(
    'X-Forwarded-For',
    origin.address,
    'X-Forwarded-Proto',
    origin.protocol,
    'X-Request-Id',
    requestId,
  );
  if (origin.host) lines.push('X-Forwarded-Host', origin.host);
  return lines;
}

/** An answer's header section, read once. */
export interface ResponseHeaders {
  /** What may go to the client, without Content-Length. */
  readonly forward: string[];
  readonly contentLength: number | undefined;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter: string | undefined;
}

/** More lines than this in an answer are a broken or hostile upstream. */
const MAX_RESPONSE_LINES = 200;

/**
 * Reads an upstream's header lines and sorts out what may go to the client.
 * Undefined when they can't be passed on: too many, or bytes that no header may hold.
 */
export function readResponseHeaders(raw: readonly Buffer[], identity: Identity): ResponseHeaders | undefined {
  if (raw.length > MAX_RESPONSE_LINES * 2) return undefined;
  const forward: string[] = [];
  let named: Set<string> | undefined;
  let contentLength: string | undefined;
  let contentType = '';
  let contentEncoding = '';
  let retryAfter: string | undefined;
  let via = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toString('latin1') ?? '';
    const value = raw[i + 1]?.toString('latin1') ?? '';
    const key = lowerCased(name);
    if (key === undefined || FORBIDDEN_IN_VALUE.test(value)) return undefined;
    switch (key) {
      case 'content-length':
        contentLength = value;
        continue;
      case 'connection':
        named = connectionNames(value, named);
        continue;
      case 'via':
        via = via ? `${via}, ${value}` : value;
        continue;
      case 'x-request-id':
      case 'x-forwarded-server':
        // Ours are set instead.
        continue;
      case 'content-type':
        contentType ||= value;
        break;
      case 'content-encoding':
        contentEncoding ||= value;
        break;
      case 'retry-after':
        retryAfter ??= value;
        break;
      default:
        if (HOP_BY_HOP.has(key)) continue;
    }
    forward.push(name, value);
  }
  const kept = named ? without(forward, named) : forward;
  kept.push('Via', via ? `${via}, ${identity.viaLine}` : identity.viaLine);
  const isNumber = contentLength !== undefined && /^\d+$/.test(contentLength);
  return {
    forward: kept,
    contentLength: isNumber ? Number(contentLength) : undefined,
    contentType,
    contentEncoding,
    retryAfter,
  };
}

/** A reason phrase that can be written into a status line. */
export function saneReasonPhrase(text: string): string {
  return FORBIDDEN_IN_VALUE.test(text) ? '' : text;
}

function without(lines: readonly string[], names: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = lines[i] ?? '';
    if (!names.has(name.toLowerCase())) kept.push(name, lines[i + 1] ?? '');
  }
  return kept;
}
