/** Finds the key in a request's head, and takes it out: upstreams and the log get a head without it. */

import type { Claims, RequestHeaders } from '../http/request-headers.ts';
import { type Target, withoutPrefix } from '../http/target.ts';
import { HIDDEN } from '../secret-texts.ts';
import type { Client } from './client.ts';
import type { KnownKey } from './known-keys.ts';

/** What was read of a request. */
export interface Head {
  readonly headers: RequestHeaders;
  /** Without what has been taken off its path. */
  readonly target: Target;
  /** That. */
  readonly prefix: string;
}

/** The head without keys, and whose the first of them is; undefined where there is none. */
export interface Presented extends Head {
  readonly client: Client | undefined;
}

/**
 * A key may stand in an Authorization line (Bearer, or the password of Basic), in X-API-Key and in the first segment of
 * the path. Lines that hold one are left out, whatever else they hold; wherever else it stands it is hidden.
 */
export function takeKeys(head: Head, find: (text: string) => KnownKey | undefined): Presented {
  const { headers, target, prefix } = head;
  const found: KnownKey[] = [];
  const isKey = (text: string | undefined) => {
    const known = text === undefined ? undefined : find(text);
    if (known) found.push(known);
    return known !== undefined;
  };
  const authorization =
    headers.authorization && linesWithout(headers.authorization, (_, value) => isKey(credentialIn(value)));
  const forward = linesWithout(headers.forward, (name, value) => isKeyLine(name) && isKey(value.trim()));
  const segment = firstSegment(target.path);
  const taken = isKey(decoded(segment)) ? `/${segment}` : '';
  const [first] = found;
  if (!first) return { ...head, client: undefined };
  const rest = { ...headers, forward, authorization: authorization?.length ? authorization : undefined };
  const taking = {
    headers: { ...rest, logsIn: rest.logsIn && rest.authorization !== undefined },
    target: withoutPrefix(target, taken),
    prefix: prefix + taken,
    client: first.client,
  };
  // Nearly always it stood in one place only.
  return isIn(taking, found) ? cleaned(taking, (text) => withoutKeys(text, found)) : taking;
}

/** Whether one of these keys is left somewhere in a head. */
function isIn({ headers, target }: Head, keys: readonly KnownKey[]): boolean {
  const { forward, authorization = [], requestId, host, claims } = headers;
  const claimed = claims ? [claims.for, claims.proto, claims.host, ...claims.more] : [];
  const { path, query, authority } = target;
  const texts = [...forward, ...authorization, requestId, host, ...claimed, path, query, authority].join(
    '\n',
  );
  return withoutKeys(texts, keys) !== texts;
}

function cleaned(presented: Presented, clean: (text: string) => string): Presented {
  const { headers, target } = presented;
  return { ...presented, headers: cleanHeaders(headers, clean), target: cleanTarget(target, clean) };
}

function isKeyLine(name: string): boolean {
  return name.length === 9 && name.toLowerCase() === 'x-api-key';
}

/** What a line says that may be a key. */
function credentialIn(value: string): string | undefined {
  const [, scheme = '', credentials] = /^\s*(bearer|basic)\s+(\S+)\s*$/i.exec(value) ?? [];
  if (credentials === undefined || scheme.toLowerCase() === 'bearer') return credentials;
  const login = Buffer.from(credentials, 'base64').toString('latin1');
  const colon = login.indexOf(':');
  return colon < 0 ? undefined : login.slice(colon + 1);
}

function firstSegment(path: string): string {
  const end = path.indexOf('/', 1);
  return end < 0 ? path.slice(1) : path.slice(1, end);
}

function decoded(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function linesWithout(lines: readonly string[], isOut: (name: string, value: string) => boolean): string[] {
  const kept: string[] = [];
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const name = lines[at] ?? '';
    const value = lines[at + 1] ?? '';
    if (!isOut(name, value)) kept.push(name, value);
  }
  return kept;
}

/** A text in which these keys, in a login too, are hidden. */
function withoutKeys(text: string, keys: readonly KnownKey[]): string {
  let clean = text;
  for (const { pattern } of keys) clean = clean.replace(pattern, HIDDEN);
  if (!/basic/i.test(clean)) return clean;
  return clean.replace(/\b(basic(?:\s|%20|\+)+)([\w+/=%-]+)/gi, (whole, scheme: string, login: string) => {
    const plain = Buffer.from(decoded(login) ?? login, 'base64').toString('latin1');
    return keys.some(({ pattern }) => plain.search(pattern) >= 0) ? scheme + HIDDEN : whole;
  });
}

function cleanHeaders(headers: RequestHeaders, clean: (text: string) => string): RequestHeaders {
  const { forward, requestId, traceId, host, claims } = headers;
  // An Authorization that holds a key in yet another form is of no use without it.
  const authorization =
    headers.authorization && linesWithout(headers.authorization, (_, value) => clean(value) !== value);
  const hasAuthorization = authorization !== undefined && authorization.length > 0;
  return {
    ...headers,
    forward: forward.map((text, at) => (at % 2 === 1 ? clean(text) : text)),
    authorization: hasAuthorization ? authorization : undefined,
    logsIn: headers.logsIn && hasAuthorization,
    requestId: requestId !== undefined && clean(requestId) === requestId ? requestId : undefined,
    traceId: traceId !== undefined && clean(traceId) === traceId ? traceId : undefined,
    host: host && clean(host),
    claims: claims && cleanClaims(claims, clean),
  };
}

function cleanClaims(claims: Claims, clean: (text: string) => string): Claims {
  return {
    ...(claims.for !== undefined && { for: clean(claims.for) }),
    ...(claims.proto !== undefined && { proto: clean(claims.proto) }),
    ...(claims.host !== undefined && { host: clean(claims.host) }),
    more: claims.more.map((text, at) => (at % 2 === 1 ? clean(text) : text)),
  };
}

function cleanTarget(target: Target, clean: (text: string) => string): Target {
  const { path, query, authority } = target;
  return { path: clean(path), query: query && clean(query), authority: authority && clean(authority) };
}
