import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback } from '../config/loopback.ts';
import type { Head } from './head.ts';
import { Refusal } from './problems.ts';

/** The one path that is answered without a token. */
const OPEN_PATH = '/healthz';
/** What changes nothing. */
const READS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const BEARER = /^bearer +([\x21-\x7e]+)$/i;
const JSON_TYPE = /^application\/json[ \t]*(?:;|$)/i;
/** Names of a browser's own doing: the address line, a bookmark. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);

/** Why a request may not be met, by its head alone; undefined when it may. */
export type Guard = (head: Head) => Refusal | undefined;

/**
 * With a token, who knows it may do everything, and nobody else anything but ask `/healthz`: no page can make a
 * browser send it. Without one, whoever is on this machine may; and since that is also where browsers run, a
 * page must be kept out. One whose name was made to resolve to this machine (DNS rebinding) asks for that name;
 * one of another origin says so, and can't send JSON without a question before it (a preflight), which is
 * not answered.
 */
export function createGuard(token: string | undefined): Guard {
  return token === undefined ? refusalWithoutToken : createTokenGuard(token);
}

function createTokenGuard(token: string): Guard {
  const expected = digest(token);
  return ({ path, lines }) => {
    if (path === OPEN_PATH) return undefined;
    const [line, ...more] = lines('authorization');
    const given = more.length > 0 ? undefined : BEARER.exec(line ?? '')?.[1];
    // Of digests, so that the time tells neither how long the token is nor how much of it was right.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return undefined;
    const challenge = given === undefined ? 'Bearer' : 'Bearer error="invalid_token"';
    return new Refusal('UNAUTHORIZED', undefined, { 'WWW-Authenticate': challenge });
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refusalWithoutToken({ method, host, lines }: Head): Refusal | undefined {
  if (host === undefined || !isLoopbackAuthority(host)) return new Refusal('HOST_NOT_ALLOWED');
  if (READS.has(method)) return undefined;
  const isForeign =
    lines('origin').some((origin) => !isOriginOf(origin, host)) ||
    lines('sec-fetch-site').some((site) => !OWN_SITES.has(site.toLowerCase()));
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

/** Whether an Origin line names the host that was asked for. `null`, a sandboxed page's, names none. */
function isOriginOf(origin: string, host: string): boolean {
  if (!/^https?:\/\/[^/?#@\s]+$/i.test(origin) || !URL.canParse(origin)) return false;
  return new URL(origin).host === new URL(`${origin.split('//')[0]}//${host}`).host;
}
