/** Finds requests with the client's own credentials, whose refusals say nothing about the upstream. */

import type { FailureReason } from '../events.ts';
import type { Blame } from '../upstreams/quarantine.ts';
import type { Exchange } from './exchange.ts';

/** Header lines in which clients send keys and tokens of their own; a WebSocket handshake's key is not one of them. */
const CREDENTIAL_LINE =
  /^(?:cookie|x-auth.*|(?!sec-websocket-|idempotency-).*[-_]key|.*apikey|.*(?:token|secret|credentials?|signature))$/i;
/** Query parameters with keys and tokens. */
const CREDENTIAL_PARAMETER =
  /(?:^|&)[^=&]*(?:api[-_]?key|token|secret|signature|auth|password|(?:^|&|[-_])key|app[-_]?id)[^=&]*=|(?:^|&)[^=&]*key=/i;
/** A key in the path of a JSON-RPC request, `/v2/KEY`: many letters and digits, but not a hexadecimal hash. */
const CREDENTIAL_SEGMENT = /\/(?!0x)(?=[\w-]*\d)(?=[\w-]*[a-z])[\w-]{16,}(?=\/|$)/i;
/** Statuses that may be about the client's own key or its limits. */
const ABOUT_CREDENTIALS: ReadonlySet<number> = new Set([401, 403, 429]);
/** Reasons of JSON-RPC errors that may be about the same, with any status. */
const REASONS_ABOUT_CREDENTIALS: ReadonlySet<FailureReason> = new Set<FailureReason>([
  'auth',
  'rate-limited',
]);

/**
 * Removes the blames of an answer that may be about credentials that the client sent: such an answer says nothing about
 * how the upstream treats other clients. Nor does the time that a 503 asks for, so the remaining blames lose theirs.
 */
export function withoutCredentialBlames(
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

/** Whether a client sent a key, a token or a cookie of its own. */
export function hasOwnCredentials({ headers, target, rpc }: Exchange): boolean {
  if (headers.authorization !== undefined) return true;
  if (target.query !== undefined && CREDENTIAL_PARAMETER.test(target.query)) return true;
  if (rpc && CREDENTIAL_SEGMENT.test(target.path)) return true;
  return headers.forward.some((name, index) => index % 2 === 0 && CREDENTIAL_LINE.test(name));
}
