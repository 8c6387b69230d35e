import type { SecretTexts } from '../secret-texts.ts';
import type { Origin } from './request-headers.ts';
import type { Target } from './target.ts';

/**
 * Rewrites the URLs in an answer's headers, as a reverse proxy does: a URL at the upstream's own origin becomes a
 * path at ours, without the upstream's base path and base query. The upstream's secrets in a URL that leads
 * elsewhere are masked. Each function gives undefined for a value that must not go to the client.
 *
 * Header values are latin1, a character for each byte.
 */

/** What an upstream's own URL consists of. */
export interface UpstreamUrl {
  readonly origin: string;
  readonly basePath: string;
  readonly baseQuery: string;
  readonly secrets: SecretTexts;
  /** The path and query that the upstream is asked for. */
  targetOf(target: Target): string;
}

/** Whose URLs are rewritten, and what the client asked for. */
export interface Rewriting {
  readonly upstream: UpstreamUrl;
  readonly target: Target;
  readonly origin: Origin;
}

/** The headers that hold URLs or paths of the upstream's, and what of each may go to the client. */
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
const SOME_HOST = 'http://client.invalid';

/** What of such a header's value may go to the client. All of it, where an upstream is nothing but a host. */
export function rewriteUrls(name: HeaderWithUrls, value: string, rewriting: Rewriting): string | undefined {
  const { basePath, baseQuery, secrets } = rewriting.upstream;
  if (basePath === '/' && baseQuery === '' && secrets.areNone) return value;
  return REWRITERS[name](value, rewriting);
}

/** The value of Location or Content-Location. */
function rewriteReference(value: string, rewriting: Rewriting): string | undefined {
  const { upstream, target } = rewriting;
  const { secrets } = upstream;
  const written = Buffer.from(value, 'latin1').toString().trim();
  const asked = upstream.targetOf(target);
  const url = parse(written, upstream.origin + asked);
  if (!url) return secrets.isIn(value) || secrets.isIn(readable(value)) ? undefined : value;
  const isAbsolute = WITH_SCHEME.test(written) || WITH_AUTHORITY.test(written);
  const isOwn = !isAbsolute || isAt(url, new URL(upstream.origin));
  if (!isOwn && !isAtOurs(url, rewriting)) return masked(value, upstream);
  const inside = withoutBase(url, upstream);
  // As it stands it leads the client to the same place.
  const untouched = isAbsolute ? url : parse(written, SOME_HOST + textOf(target));
  const leadsThere = untouched !== undefined && pathOf(untouched) === inside;
  if (leadsThere && !(isAbsolute && isOwn)) return masked(value, upstream);
  return masked(inside + url.hash, upstream);
}

/** The value of Link: each URI in angle brackets. */
function rewriteLinks(value: string, rewriting: Rewriting): string | undefined {
  let isUseless = false;
  const links = value.replace(/<([^<>]*)>/g, (_, reference: string) => {
    const own = rewriteReference(reference, rewriting);
    isUseless ||= own === undefined;
    return `<${own}>`;
  });
  return isUseless ? undefined : rewriting.upstream.secrets.mask(links);
}

/** The value of Refresh: seconds, and mostly a URL. */
function rewriteRefresh(value: string, rewriting: Rewriting): string | undefined {
  const [, before = '', quote = '', reference = '', after = ''] =
    /^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?)(["']?)(.*?)(\2\s*)$/is.exec(value) ?? [];
  if (reference === '') return rewriting.upstream.secrets.mask(value);
  const own = rewriteReference(reference, rewriting);
  return own === undefined ? undefined : before + quote + own + after;
}

/** The value of Set-Cookie: its Path is one at the upstream. */
function rewriteCookie(value: string, { upstream }: Rewriting): string {
  const parts = value.split(';').map((part, index) => {
    const [, before = '', path] = /^(\s*path\s*=\s*)(\/.*?)\s*$/i.exec(part) ?? [];
    return index === 0 || path === undefined ? part : before + cookiePath(path, upstream.basePath);
  });
  return upstream.secrets.mask(parts.join(';'));
}

/** One that lies above the base path holds for all of ours. */
function cookiePath(path: string, basePath: string): string {
  const inside = stripped(path, basePath);
  if (inside !== undefined) return inside;
  return stripped(basePath, path) === undefined ? path : '/';
}

/** Undefined where a secret is written with letters encoded that need not be: it can't be cut out. */
function masked(reference: string, { secrets }: UpstreamUrl): string | undefined {
  const shown = secrets.mask(reference);
  return secrets.isIn(readable(shown)) ? undefined : shown;
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

/** The same host, by either scheme: a redirect from http to https leads to the same server. */
function isAt(url: URL, own: URL): boolean {
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

/** What the client calls us: an upstream may have learnt it, and write its own path behind it. */
function isAtOurs(url: URL, { origin }: Rewriting): boolean {
  return [origin.host, origin.forwardedHost].some((host) => {
    const ours = host === '' ? undefined : parse(`http://${host}`, SOME_HOST);
    return ours !== undefined && isAt(url, ours);
  });
}

/** Path and query without the upstream's own. Never `//…`, which would be another host. */
function withoutBase({ pathname, search }: URL, { basePath, baseQuery }: UpstreamUrl): string {
  const path = (stripped(pathname, basePath) ?? pathname).replace(/^[/\\]+/, '/');
  const query = withoutPairs(search.slice(1), baseQuery);
  return query === '' ? path : `${path}?${query}`;
}

/** The rest of a path behind another one, however either is encoded. Undefined where it does not lie there. */
function stripped(path: string, base: string): string | undefined {
  const above = base.replace(/\/$/, '').split('/');
  const segments = path.split('/');
  const isInside = above.every((segment, index) => isSame(segment, segments[index]));
  return isInside ? `/${segments.slice(above.length).join('/')}` : undefined;
}

/** Each pair of the base query is taken out once: the client may have sent the like. */
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
  return other !== undefined && (one === other || plain(one) === plain(other));
}

function plain(text: string): string {
  return readable(text).toLowerCase();
}

/** With ASCII decoded, whatever else stands beside it. */
function readable(text: string): string {
  return text.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
