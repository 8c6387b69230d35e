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
import { type Rewriting, rewriteUrls } from './url-rewriting.ts';

/** An answer's header section, read once. */
export interface ResponseHeaders {
  /** What may go to the client, without Content-Length. */
  readonly forward: string[];
  readonly contentLength: number | undefined;
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly retryAfter: string | undefined;
  /** It asks for, or goes on with, a login for the whole connection. */
  readonly logsIn: boolean;
}

/** More lines than this in an answer are a broken or hostile upstream. */
const MAX_RESPONSE_LINES = 200;

/**
 * Reads an upstream's header lines and sorts out what may go to the client: nothing of one hop, and nothing of the
 * upstream's own URL.
 * Undefined when they can't be passed on: too many, bytes that no header may hold, or an unknown transfer coding.
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
  let logsIn = false;
  let coded = false;
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
        // A coding that is not undone leaves a body that can't be framed anew; said twice, it is not undone at all.
        if (coded || value.toLowerCase() !== 'chunked') return undefined;
        coded = true;
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
      case 'location':
      case 'content-location':
      case 'link':
      case 'refresh':
      case 'set-cookie': {
        const shown = rewriteUrls(key, value, rewriting);
        if (shown !== undefined) forward.push(name, shown);
        continue;
      }
      case 'www-authenticate':
        logsIn ||= isConnectionLogin(value);
        break;
      default:
        if (HOP_BY_HOP.has(key)) continue;
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
    logsIn,
  };
}

/** A reason phrase that can be written into a status line, and tells nothing of the upstream's own URL. */
export function saneReasonPhrase(text: string, { secrets }: { readonly secrets: SecretTexts }): string {
  return FORBIDDEN_IN_VALUE.test(text) ? '' : secrets.mask(text);
}
