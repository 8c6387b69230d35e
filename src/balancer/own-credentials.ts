import type { FailureReason } from '../events.ts';
import type { Blame } from '../upstreams/quarantine.ts';
import type { Exchange } from './exchange.ts';

/** Header lines in which clients send keys and tokens of their own. A handshake's key is none. */
const CREDENTIAL_LINE =
  /^(?:cookie|x-auth.*|(?!sec-websocket-|idempotency-).*[-_]key|.*apikey|.*(?:token|secret|credentials?|signature))$/i;
/** The same in a query. */
const CREDENTIAL_PARAMETER =
  /(?:^|&)[^=&]*(?:api[-_]?key|token|secret|signature|auth|password|(?:^|&|[-_])key|app[-_]?id)[^=&]*=|(?:^|&)[^=&]*key=/i;
/** The same in the path of a JSON-RPC request, `/v2/KEY`: letters and digits without end, and no hexadecimal hash. */
const CREDENTIAL_SEGMENT = /\/(?!0x)(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}(?=\/|$)/i;
/** Statuses that may speak of the client's own key or of its limits. */
const ABOUT_CREDENTIALS: ReadonlySet<number> = new Set([401, 403, 429]);
/** The same in a JSON-RPC error, whatever its status. */
const REASONS_ABOUT_CREDENTIALS: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'auth',
  'rate-limited',
]);

/**
 * What is left of the blames of an answer when it is considered that it may be about credentials that the client
 * has sent along: that says nothing about how the upstream treats others. Nor does a 503 that asks to be left alone.
 */
export function withoutOwnCredentials(
  blames: readonly Blame[],
  status: number,
  exchange: Exchange,
): readonly Blame[] {
  if (blames.length === 0 || !hasOwnCredentials(exchange)) return blames;
  if (ABOUT_CREDENTIALS.has(status)) return [];
  return blames
    .filter(({ reason }) => !REASONS_ABOUT_CREDENTIALS.has(reason))
    .map((blame) => ({ ...blame, rest: undefined }));
}

function hasOwnCredentials({ headers, target, rpc }: Exchange): boolean {
  if (headers.authorization !== undefined) return true;
  if (target.query !== undefined && CREDENTIAL_PARAMETER.test(target.query)) return true;
  if (rpc && CREDENTIAL_SEGMENT.test(target.path)) return true;
  return headers.forward.some((name, index) => index % 2 === 0 && CREDENTIAL_LINE.test(name));
}
