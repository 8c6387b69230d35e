/** Masks an upstream's secrets in the errors that go to clients. */

import { decodeBody } from '../http/decode.ts';
import { without } from '../http/header-lines.ts';
import { isError } from '../rpc/matching.ts';
import { type RpcAnswer, startsLikeAnswer } from '../rpc/message.ts';
import type { SecretTexts } from '../secret-texts.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/**
 * An error often quotes the request: "Cannot POST /v2/KEY". Bodies up to this size are searched for the upstream's
 * secrets; a larger body is not an error written for a reader.
 */
const MAX_SEARCHED_BYTES = 64 * 1024;
/** An error that unpacks to more is passed on without its body. */
const MAX_UNPACKED_BYTES = 1024 * 1024;

/** Header lines that describe a body's bytes, and are wrong once the body is changed. */
export const REPRESENTATION_LINES: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-md5',
  'content-digest',
  'repr-digest',
  'digest',
  'etag',
  'last-modified',
  'accept-ranges',
]);

/**
 * Masks an answer that goes to the client as a whole. Only errors are searched: a status other than 2xx and, with
 * `mayBeError`, a JSON body that holds an error. An error that can't be unpacked here loses its body, since the client
 * could unpack it.
 */
export function withoutSecrets(answered: Answered, { secrets }: Upstream, mayBeError: boolean): Answered {
  const { status, stream, body } = answered;
  if (secrets.areNone || stream || body.length === 0 || body.length > MAX_SEARCHED_BYTES) return answered;
  if (status >= 200 && status <= 299 && !(mayBeError && body.includes('"error"'))) return answered;
  const text = decodeBody(answered, MAX_UNPACKED_BYTES);
  if (text === undefined || text === 'broken') return replaceBody(answered, Buffer.alloc(0));
  const masked = maskedText(text, secrets);
  return masked === undefined ? answered : replaceBody(answered, masked);
}

/** A masked JSON-RPC error in two parts: before its id, and after it. Without an id all of it is `afterId`. */
export interface MaskedError {
  readonly beforeId: Buffer;
  readonly afterId: Buffer;
}

/** Masks a JSON-RPC error. Undefined for a result, which is not searched, and for an error without secrets. */
export function errorWithoutSecrets(
  text: Buffer,
  answer: RpcAnswer,
  { secrets }: Upstream,
): MaskedError | undefined {
  const { start, end, idStart, idEnd } = answer;
  if (secrets.areNone || !isError(text, answer) || end - start > MAX_SEARCHED_BYTES) return undefined;
  const [before, after] = idStart < 0 ? [start, start] : [idStart, idEnd];
  const parts = [text.toString('utf8', start, before), text.toString('utf8', after, end)];
  // The id in the middle is the client's own.
  const [beforeId = '', afterId = ''] = parts.map((part) => secrets.maskLiterals(part));
  if (beforeId === parts[0] && afterId === parts[1]) return undefined;
  return { beforeId: Buffer.from(beforeId), afterId: Buffer.from(afterId) };
}

/** The masked text; undefined when there is nothing to mask. */
function maskedText(text: Buffer, secrets: SecretTexts): Buffer | undefined {
  const json = startsLikeAnswer(text, true) ? text.toString() : undefined;
  const masked = json === undefined ? undefined : secrets.maskJson(json);
  if (masked !== undefined) return masked === json ? undefined : Buffer.from(masked);
  // One character for each byte, so that binary data and other encodings stay as they are.
  const bytes = text.toString('latin1');
  const shown = secrets.maskEscaped(bytes);
  return shown === bytes ? undefined : Buffer.from(shown, 'latin1');
}

function replaceBody(answered: Answered, body: Buffer): Answered {
  const { headers } = answered;
  const forward = without(headers.forward, REPRESENTATION_LINES);
  return { ...answered, body, headers: { ...headers, forward, contentEncoding: '' } };
}
