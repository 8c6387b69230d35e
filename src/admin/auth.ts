/** Decides from a request's headers alone whether it may be served. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../config/loopback.ts';
import { Refusal } from './problems.ts';
import type { RequestHead } from './request-head.ts';

/** The only path that is answered without a token. */
const PUBLIC_PATH = '/healthz';
/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
/** Bearer with a token (RFC 6750), or Basic with a login in Base64 (RFC 7617). */
const CREDENTIALS = /^(?:bearer +([\x21-\x7e]+)|basic +([\w+/-]+=*))$/i;
/** Has browsers ask for a login. */
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="rpc-load-balancer admin", charset="UTF-8"' };
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;
/** Values of Sec-Fetch-Site for our own page, and for the user's own doing: the address bar, a bookmark. Programs send none. */
const ALLOWED_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/** Returns why a request may not be served; undefined when it may. */
export type Guard = (head: RequestHead) => Refusal | undefined;

export interface GuardSettings {
  readonly token: string | undefined;
  /** Where operators reach this port through a proxy, such as `https://lb.example`; pages from there are our own. */
  readonly publicOrigin: string | undefined;
}

/**
 * With a token, those who know it may do everything, and others may only ask for `/healthz`. Without one, every program on
 * this machine may do everything; so a page whose name was made to resolve to this machine (DNS rebinding) is kept out by
 * that name. Browsers send a login by themselves, whoever has them ask: in either case what a page of another origin asks
 * for is refused. It could change nothing without a preflight request, which is not answered, and read nothing, but take
 * all streams and much time. A link to a page of ours, opened as a page of its own, is followed.
 */
export function createGuard({ token, publicOrigin }: GuardSettings): Guard {
  const refuseStranger = token === undefined ? refuseForeignHost : createTokenCheck(token);
  return (head) => refuseStranger(head) ?? refuseForeignPage(head) ?? refuseForeignChange(head, publicOrigin);
}

function createTokenCheck(token: string): Guard {
  const expected = digest(token);
  return ({ path, lines }) => {
    if (path === PUBLIC_PATH) return undefined;
    const [line = '', ...more] = lines('authorization');
    const given = more.length > 0 ? undefined : tokenIn(line);
    // Compares digests, so that the time reveals neither the token's length nor how much of it was right.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    return new Refusal('UNAUTHORIZED', undefined, CHALLENGE);
  };
}

/** The token, or the password of a login; undefined where there is neither. */
function tokenIn(line: string): string | undefined {
  const [, bearer, login] = CREDENTIALS.exec(line) ?? [];
  if (login === undefined) return bearer;
  const text = Buffer.from(login, 'base64').toString('utf8');
  // The first colon ends the user's name; a password may have more of them.
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : text.slice(colon + 1);
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refuseForeignHost({ host }: RequestHead): Refusal | undefined {
  return host !== undefined && isLoopbackAuthority(host) ? undefined : new Refusal('HOST_NOT_ALLOWED');
}

/** By what browsers tell of the page that asks: a link is a navigation, and what it opens no frame. */
function refuseForeignPage({ method, lines }: RequestHead): Refusal | undefined {
  if (lines('sec-fetch-site').every((site) => ALLOWED_SITES.has(site.toLowerCase()))) return undefined;
  const is = (name: string, value: string) => lines(name).join().toLowerCase() === value;
  const isLink =
    SAFE_METHODS.has(method) && is('sec-fetch-mode', 'navigate') && is('sec-fetch-dest', 'document');
  return isLink ? undefined : new Refusal('ORIGIN_NOT_ALLOWED');
}

function refuseForeignChange(
  { method, host, lines }: RequestHead,
  publicOrigin: string | undefined,
): Refusal | undefined {
  if (SAFE_METHODS.has(method)) return undefined;
  const isOwn = (origin: string) => origin === publicOrigin || isOriginOf(origin, host);
  if (!lines('origin').every(isOwn)) return new Refusal('ORIGIN_NOT_ALLOWED');
  if (method === 'DELETE') return undefined;
  const types = lines('content-type');
  return types.length === 1 && JSON_TYPE.test(types[0] ?? '') ? undefined : new Refusal('NOT_JSON');
}

function isLoopbackAuthority(authority: string): boolean {
  const name = authority.replace(/:\d*$/, '');
  const bracketed = /^\[(.*)\]$/.exec(name);
  return bracketed ? isLoopback(bracketed[1] ?? '') : isLoopback(name);
}

/** Whether an Origin value names the host that was asked for. `null`, as from a sandboxed page, names none. */
function isOriginOf(origin: string, host: string | undefined): boolean {
  if (host === undefined || !/^https?:\/\/[^/?#@\s]+$/i.test(origin) || !URL.canParse(origin)) return false;
  const asked = `${origin.split('//')[0]}//${host}`;
  return URL.canParse(asked) && new URL(origin).host === new URL(asked).host;
}
