/**
 * Rewrites the URLs in an answer's headers, as a reverse proxy does: a URL at the upstream's own origin becomes a
 * path at ours, without the upstream's base path and base query. The upstream's secrets in a URL that leads
 * elsewhere are masked. Each function returns undefined for a value that must not go to the client.
 *
 * Header values are latin1, a character for each byte.
 */

import type { SecretTexts } from '../secret-texts.ts';
import type { Origin } from './request-headers.ts';
import type { Target } from './target.ts';

/** The parts of an upstream's own URL. */
export interface UpstreamUrl {
  readonly origin: string;
  readonly basePath: string;
  readonly baseQuery: string;
  readonly secrets: SecretTexts;
  /** The path and query of the request to the upstream. */
  targetOf(target: Target): string;
}

/** The upstream whose URLs are rewritten, and what the client asked for. */
export interface Rewriting {
  readonly upstream: UpstreamUrl;
  /** What is asked of the upstream. */
  readonly target: Target;
  /** What the client asked us for. */
  readonly requested: Target;
  /** What was taken off the beginning of its path: `/base`, or nothing. */
  readonly prefix: string;
  readonly origin: Origin;
}

/** The headers that hold URLs or paths of the upstream, and how each is rewritten. */
const REWRITERS: Readonly<
  Record<HeaderWithUrls, (value: string, rewriting: Rewriting) => string | undefined>
> = {
  location: rewriteReference,
  'content-location': rewriteReference,
  link: rewriteLinks,
  refresh: rewriteRefresh,
  'set-cookie': rewriteCookie,
};
export type HeaderWithUrls = 'location' | 'content-location' | 'link' | 'refresh' | 'set-cookie';

const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const WITH_AUTHORITY = /^[/\\]{2}/;
const PLACEHOLDER_ORIGIN = 'http://client.invalid';

/** Rewrites a header's value for the client. It stays unchanged when the upstream's URL is only a host, and nothing was taken off the path. */
export function rewriteUrls(name: HeaderWithUrls, value: string, rewriting: Rewriting): string | undefined {
  const { basePath, baseQuery, secrets } = rewriting.upstream;
  if (basePath === '/' && baseQuery === '' && secrets.areNone && rewriting.prefix === '') return value;
  return REWRITERS[name](value, rewriting);
}

/** The value of Location or Content-Location. */
function rewriteReference(value: string, rewriting: Rewriting): string | undefined {
  const { upstream, target, requested, prefix } = rewriting;
  const { secrets } = upstream;
  const written = Buffer.from(value, 'latin1').toString().trim();
  const url = parse(written, upstream.origin + upstream.targetOf(target));
  if (!url) return secrets.isIn(value) || secrets.isIn(asciiDecoded(value)) ? undefined : value;
  const isAbsolute = WITH_SCHEME.test(written) || WITH_AUTHORITY.test(written);
  const isOwn = !isAbsolute || isSameServer(url, new URL(upstream.origin));
  if (!isOwn && !isThisServer(url, rewriting)) return masked(value, upstream);
  const path = withPrefix(withoutBase(url, upstream), prefix);
  // Unchanged it would lead the client to the same place.
  const unchanged = isAbsolute ? url : parse(written, PLACEHOLDER_ORIGIN + textOf(requested));
  const leadsToPath = unchanged !== undefined && pathOf(unchanged) === path;
  if (leadsToPath && !(isAbsolute && isOwn)) return masked(value, upstream);
  return masked(path + url.hash, upstream);
}

/** The value of Link: each URI in angle brackets. */
function rewriteLinks(value: string, rewriting: Rewriting): string | undefined {
  let isRefused = false;
  const links = value.replace(/<([^<>]*)>/g, (_, reference: string) => {
    const rewritten = rewriteReference(reference, rewriting);
    isRefused ||= rewritten === undefined;
    return `<${rewritten}>`;
  });
  return isRefused ? undefined : rewriting.upstream.secrets.mask(links);
}

/** The value of Refresh: seconds, and usually a URL. */
function rewriteRefresh(value: string, rewriting: Rewriting): string | undefined {
  const [, before = '', quote = '', reference = '', after = ''] =
    /^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?)(["']?)(.*?)(\2\s*)$/is.exec(value) ?? [];
  if (reference === '') return rewriting.upstream.secrets.mask(value);
  const rewritten = rewriteReference(reference, rewriting);
  return rewritten === undefined ? undefined : before + quote + rewritten + after;
}

/** The value of Set-Cookie, whose Path is a path at the upstream. */
function rewriteCookie(value: string, { upstream, prefix }: Rewriting): string {
  const parts = value.split(';').map((part, index) => {
    const [, before = '', path] = /^(\s*path\s*=\s*)(\/.*?)\s*$/i.exec(part) ?? [];
    return index === 0 || path === undefined
      ? part
      : before + withPrefix(cookiePath(path, upstream.basePath), prefix);
  });
  return upstream.secrets.mask(parts.join(';'));
}

/** A path of an upstream as the client must ask us for it. */
function withPrefix(path: string, prefix: string): string {
  return path === '/' && prefix !== '' ? prefix : prefix + path;
}

/** A cookie path above the base path applies to all of our paths. */
function cookiePath(path: string, basePath: string): string {
  const inside = withoutPrefix(path, basePath);
  if (inside !== undefined) return inside;
  return withoutPrefix(basePath, path) === undefined ? path : '/';
}

/** Undefined when a secret is left because some of its letters are percent-encoded: it can't be cut out. */
function masked(reference: string, { secrets }: UpstreamUrl): string | undefined {
  const result = secrets.mask(reference);
  return secrets.isIn(asciiDecoded(result)) ? undefined : result;
}

function parse(written: string, base: string): URL | undefined {
  try {
    return new URL(written, base);
  } catch {
    return undefined;
  }
}

function textOf({ path, query }: Target): string {
  return query === undefined ? path : `${path}?${query}`;
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}

/** The same host, whatever the scheme: a redirect from http to https leads to the same server. */
function isSameServer(url: URL, own: URL): boolean {
  if (!/^https?:$/.test(url.protocol) || hostOf(url) !== hostOf(own)) return false;
  const port = url.port || own.port;
  return port === '' || portOf(url) === portOf(own);
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/\.$/, '');
}

function portOf({ protocol, port }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80');
}

/** Whether a URL has the host that the client uses for us: an upstream may know it, and append its own path. */
function isThisServer(url: URL, { origin }: Rewriting): boolean {
  return [origin.host, origin.forwardedHost].some((host) => {
    const ours = host === '' ? undefined : parse(`http://${host}`, PLACEHOLDER_ORIGIN);
    return ours !== undefined && isSameServer(url, ours);
  });
}

/** Path and query without the upstream's base. Never `//…`, which would be another host. */
function withoutBase({ pathname, search }: URL, { basePath, baseQuery }: UpstreamUrl): string {
  const path = (withoutPrefix(pathname, basePath) ?? pathname).replace(/^[/\\]+/, '/');
  const query = withoutPairs(search.slice(1), baseQuery);
  return query === '' ? path : `${path}?${query}`;
}

/** The rest of a path below another one, however both are encoded. Undefined when it is not below it. */
function withoutPrefix(path: string, base: string): string | undefined {
  const prefix = base.replace(/\/$/, '').split('/');
  const segments = path.split('/');
  const isInside = prefix.every((segment, index) => isSame(segment, segments[index]));
  return isInside ? `/${segments.slice(prefix.length).join('/')}` : undefined;
}

/** Removes each pair of the base query once: the client may have sent an equal one. */
function withoutPairs(query: string, baseQuery: string): string {
  if (baseQuery === '' || query === '') return query;
  const pairs = query.split('&');
  for (const own of baseQuery.split('&')) {
    const at = pairs.findIndex((pair) => isSame(own, pair));
    if (at >= 0) pairs.splice(at, 1);
  }
  return pairs.join('&');
}

function isSame(one: string, other: string | undefined): boolean {
  return other !== undefined && (one === other || normalized(one) === normalized(other));
}

function normalized(text: string): string {
  return asciiDecoded(text).toLowerCase();
}

/** Decodes percent-encoded ASCII and leaves the rest, even if it is malformed. */
function asciiDecoded(text: string): string {
  return text.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
