/** Decides from a request's headers alone whether it may be served. */

import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../config/loopback.ts';
import { Refusal } from './problems.ts';
import type { RequestHead } from './request-head.ts';

/** The only path that is answered without a token. */
const PUBLIC_PATH = '/healthz';
/** Methods that change nothing (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;
/** Values of Sec-Fetch-Site for our own page, and for the user's own doing: the address bar, a bookmark. */
const ALLOWED_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/** Returns why a request may not be served; undefined when it may. */
export type Guard = (head: RequestHead) => Refusal | undefined;

/**
 * With a token, clients that know it may do everything, and others may only ask for `/healthz`: no page can make a
 * browser send the token. Without one, every program on this machine may do everything. Browsers also run here, so
 * pages must be kept out: a page whose name was made to resolve to this machine (DNS rebinding) asks for that name; a
 * page of another origin says so, and can't send JSON without a preflight request, which is not answered.
 */
export function createGuard(token: string | undefined): Guard {
  return token === undefined ? refusalWithoutToken : createTokenGuard(token);
}

function createTokenGuard(token: string): Guard {
  const expected = digest(token);
  return ({ path, lines }) => {
    if (path === PUBLIC_PATH) return undefined;
    const [line, ...more] = lines('authorization');
    const given = more.length > 0 ? undefined : BEARER.exec(line ?? '')?.[1];
    // Compares digests, so that the time reveals neither the token's length nor how much of it was right.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    const challenge = given === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
    return new Refusal('UNAUTHORIZED', undefined, { 'WWW-Authenticate': challenge });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusalWithoutToken({ method, host, lines }: RequestHead): Refusal | undefined {
  if (host === undefined || !isLoopbackAuthority(host)) return new Refusal('HOST_NOT_ALLOWED');
  if (SAFE_METHODS.has(method)) return undefined;
  const isForeign =
    lines('origin').some((origin) => !isOriginOf(origin, host)) ||
    lines('sec-fetch-site').some((site) => !ALLOWED_SITES.has(site.toLowerCase()));
  if (isForeign) return new Refusal('ORIGIN_NOT_ALLOWED');
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
function isOriginOf(origin: string, host: string): boolean {
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(origin) || !URL.canParse(origin)) return false;
  return new URL(origin).host === new URL(`${origin.split('//')[0]}//${host}`).host;
}
