import type { Exchange } from './exchange.ts';

/** Header lines in which clients send keys and tokens of their own. */
const CREDENTIAL_LINE = /^(?:cookie|x-auth.*|.*api-?key|.*(?:token|secret|credentials?|signature))$/i;
/** The same in a query. */
const CREDENTIAL_PARAMETER =
  /(?:^|&)[^=&]*(?:api[-_]?key|token|secret|signature|auth|password|(?:^|&|[-_])key|app[-_]?id)[^=&]*=/i;
/** Statuses that may speak of the client's own key or of its limits. */
const ABOUT_CREDENTIALS: ReadonlySet<number> = new Set([401, 403, 429]);

/**
 * Whether an answer with this status may be about credentials that the client has sent along: then it says
 * nothing about how the upstream treats others.
 */
export function isAboutOwnCredentials(status: number, { headers, target }: Exchange): boolean {
  if (!ABOUT_CREDENTIALS.has(status)) return false;
  if (headers.authorization !== undefined) return true;
  if (target.query !== undefined && CREDENTIAL_PARAMETER.test(target.query)) return true;
  return headers.forward.some((name, index) => index % 2 === 0 && CREDENTIAL_LINE.test(name));
}
