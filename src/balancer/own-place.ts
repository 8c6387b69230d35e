import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';

/**
 * Takes an upstream's own place (origin, base path, base query) out of what its headers say of URLs, as a reverse
 * proxy does: what lies at the upstream's own origin becomes a path at ours. Its secrets in a URL that lies
 * elsewhere are masked. Each function gives undefined for a value that must not go to the client.
 *
 * Header values are latin1, a character for each byte.
 */

/** Who was asked, and for what. */
export interface Place {
  readonly upstream: Upstream;
  readonly exchange: Pick<Exchange, 'target' | 'origin'>;
}

/** The headers that hold URLs or paths of the upstream's, and what of each may go to the client. */
const READERS: Readonly<Record<WithPlace, (value: string, place: Place) => string | undefined>> = {
  location: ownReference,
  'content-location': ownReference,
  link: ownLinks,
  refresh: ownRefresh,
  'set-cookie': ownCookie,
};
export type WithPlace = 'location' | 'content-location' | 'link' | 'refresh' | 'set-cookie';

const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:/i;
const WITH_AUTHORITY = /^[/\\]{2}/;
const SOME_HOST = 'http://client.invalid';

/** What of such a header's value may go to the client. All of it, where an upstream is nothing but a host. */
export function inOurPlace(name: WithPlace, value: string, place: Place): string | undefined {
  const { basePath, baseQuery, secrets } = place.upstream;
  if (basePath === '/' && baseQuery === '' && secrets.areNone) return value;
  return READERS[name](value, place);
}

/** The value of Location or Content-Location. */
function ownReference(value: string, place: Place): string | undefined {
  const { upstream, exchange } = place;
  const { secrets } = upstream;
  const written = Buffer.from(value, 'latin1').toString().trim();
  const asked = upstream.targetOf(exchange.target);
  const url = parse(written, upstream.origin + asked);
  if (!url) return secrets.isIn(value) || secrets.isIn(readable(value)) ? undefined : value;
  const isAbsolute = WITH_SCHEME.test(written) || WITH_AUTHORITY.test(written);
  const isOwn = !isAbsolute || isAt(url, new URL(upstream.origin));
  if (!isOwn && !isAtOurs(url, place)) return masked(value, upstream);
  const inside = withoutBase(url, upstream);
  // As it stands it leads the client to the same place.
  const untouched = isAbsolute ? url : parse(written, SOME_HOST + targetOf(exchange));
  const leadsThere = untouched !== undefined && pathOf(untouched) === inside;
  if (leadsThere && !(isAbsolute && isOwn)) return masked(value, upstream);
  return masked(inside + url.hash, upstream);
}

/** The value of Link: each URI in angle brackets. */
function ownLinks(value: string, place: Place): string | undefined {
  let isUseless = false;
  const links = value.replace(/<([^<>]*)>/g, (_, reference: string) => {
    const own = ownReference(reference, place);
    isUseless ||= own === undefined;
    return `<${own}>`;
  });
  return isUseless ? undefined : place.upstream.secrets.mask(links);
}

/** The value of Refresh: seconds, and mostly a URL. */
function ownRefresh(value: string, place: Place): string | undefined {
  const [, before = '', quote = '', reference = '', after = ''] =
    /^(\s*[\d.]*\s*[;,]?\s*(?:url\s*=\s*)?)(["']?)(.*?)(\2\s*)$/is.exec(value) ?? [];
  if (reference === '') return place.upstream.secrets.mask(value);
  const own = ownReference(reference, place);
  return own === undefined ? undefined : before + quote + own + after;
}

/** The value of Set-Cookie: its Path is one at the upstream. */
function ownCookie(value: string, { upstream }: Place): string {
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
function masked(reference: string, { secrets }: Upstream): string | undefined {
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

function targetOf({ target: { path, query } }: Place['exchange']): string {
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
function isAtOurs(url: URL, { exchange: { origin } }: Place): boolean {
  return [origin.host, origin.forwardedHost].some((host) => {
    const ours = host === '' ? undefined : parse(`http://${host}`, SOME_HOST);
    return ours !== undefined && isAt(url, ours);
  });
}

/** Path and query without the upstream's own. Never `//…`, which would be another host. */
function withoutBase({ pathname, search }: URL, { basePath, baseQuery }: Upstream): string {
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
