/** Reads an upstream's header lines, and selects what may go to the client. */

import type { SecretTexts } from '../secret-texts.ts';
import {
  connectionNames,
  FORBIDDEN_IN_VALUE,
  HOP_BY_HOP,
  type Identity,
  isConnectionLogin,
  lowerCased,
  without,
} from './header-lines.ts';
import { type RateLimitLine, tellsRateLimit } from './rate-limit-headers.ts';
import { type Rewriting, rewriteUrls } from './url-rewriting.ts';

/** An answer's headers, read once. */
export interface ResponseHeaders {
  /** The lines that may go to the client, without Content-Length. */
  readonly forward: string[];
  readonly contentLength: number | undefined;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter: string | undefined;
  /** The lines about a rate limit; undefined when there are none. */
  readonly rateLimit: readonly RateLimitLine[] | undefined;
  /** It asks for, or continues, a login for the whole connection. */
  readonly logsIn: boolean;
}

/** An answer with more lines than this comes from a broken or hostile upstream. */
const MAX_RESPONSE_LINES = 200;

/**
 * What may go to the client excludes hop-by-hop headers and everything of the upstream's own URL. Undefined when the
 * lines can't be forwarded: too many, bytes that no header may hold, or an unknown transfer coding.
 */
export function readResponseHeaders(
  raw: readonly Buffer[],
  identity: Identity,
  rewriting: Rewriting,
): ResponseHeaders | undefined {
  if (raw.length > MAX_RESPONSE_LINES * 2) return undefined;
  const { secrets } = rewriting.upstream;
  const forward: string[] = [];
  let named: Set<string> | undefined;
  let contentLength: string | undefined;
  let contentType = '';
  let contentEncoding = '';
  let retryAfter: string | undefined;
  let rateLimit: RateLimitLine[] | undefined;
  let logsIn = false;
  let hasCoding = false;
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
      case 'transfer-encoding':
        // A body whose coding is not decoded can't be framed again; with two of these lines it is not decoded at all.
        if (hasCoding || value.toLowerCase() !== 'chunked') return undefined;
        hasCoding = true;
        continue;
      case 'connection':
        named = connectionNames(value, named);
        continue;
      case 'via':
        via = via ? `${via}, ${value}` : value;
        continue;
      case 'x-request-id':
      case 'x-forwarded-server':
        // Replaced by our own.
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
      case 'location':
      case 'content-location':
      case 'link':
      case 'refresh':
      case 'set-cookie': {
        const rewritten = rewriteUrls(key, value, rewriting);
        if (rewritten !== undefined) forward.push(name, rewritten);
        continue;
      }
      case 'www-authenticate':
        logsIn ||= isConnectionLogin(value);
        break;
      default:
        if (HOP_BY_HOP.has(key)) continue;
        if (tellsRateLimit(key)) {
          rateLimit ??= [];
          rateLimit.push([key, value]);
        }
    }
    forward.push(name, secrets.mask(value));
  }
  const kept = named ? without(forward, named) : forward;
  kept.push('Via', via ? `${secrets.mask(via)}, ${identity.viaLine}` : identity.viaLine);
  const isNumber = contentLength !== undefined && /^\d+$/.test(contentLength);
  return {
    forward: kept,
    contentLength: isNumber ? Number(contentLength) : undefined,
    contentType,
    contentEncoding,
    retryAfter,
    rateLimit,
    logsIn,
  };
}

/** A reason phrase that is valid in a status line, with the upstream's secrets masked; empty for an invalid one. */
export function saneReasonPhrase(text: string, { secrets }: { readonly secrets: SecretTexts }): string {
  return FORBIDDEN_IN_VALUE.test(text) ? '' : secrets.mask(text);
}
