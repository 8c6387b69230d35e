import { without } from '../http/header-lines.ts';
import { isError } from '../rpc/matching.ts';
import { type RpcAnswer, startsLikeAnswer } from '../rpc/message.ts';
import type { SecretTexts } from '../secret-texts.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { decodeBody } from './decode.ts';

/**
 * An error often quotes what was asked for: "Cannot POST /v2/KEY". Errors up to this size are searched for the
 * upstream's secrets; larger bodies are no errors that somebody wrote for a reader.
 */
const MAX_SEARCHED_BYTES = 64 * 1024;
/** One that unpacks to more goes without its body. */
const MAX_UNPACKED_BYTES = 1024 * 1024;

/** Header lines that speak of the bytes of a body that no longer is the one they came with. */
export const ABOUT_BYTES: ReadonlySet<string> = new Set([
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
 * An answer that goes to the client as a whole. Only errors are searched: a status other than 2xx, and where
 * `mayBeError` a body of JSON that holds one. One that is packed in a way that can't be undone goes without its body:
 * the client could unpack it.
 */
export function withoutSecrets(answered: Answered, { secrets }: Upstream, mayBeError: boolean): Answered {
  const { status, stream, body } = answered;
  if (secrets.areNone || stream || body.length === 0 || body.length > MAX_SEARCHED_BYTES) return answered;
  if (status >= 200 && status <= 299 && !(mayBeError && body.includes('"error"'))) return answered;
  const text = decodeBody(answered, MAX_UNPACKED_BYTES);
  if (text === undefined || text === 'broken') return replaced(answered, Buffer.alloc(0));
  const shown = masked(text, secrets);
  return shown === undefined ? answered : replaced(answered, shown);
}

/** A JSON-RPC error in two pieces: what stands before its id, and what behind. Without an id all is behind. */
export interface ShownError {
  readonly beforeId: Buffer;
  readonly afterId: Buffer;
}

/** Undefined for a result, which is not searched, and for an error that may go to the client as it is. */
export function errorWithoutSecrets(
  text: Buffer,
  answer: RpcAnswer,
  { secrets }: Upstream,
): ShownError | undefined {
  const { start, end, idStart, idEnd } = answer;
  if (secrets.areNone || !isError(text, answer) || end - start > MAX_SEARCHED_BYTES) return undefined;
  const [before, behind] = idStart < 0 ? [start, start] : [idStart, idEnd];
  const parts = [text.toString('utf8', start, before), text.toString('utf8', behind, end)];
  // The id in the middle is the client's own.
  const [beforeId = '', afterId = ''] = parts.map((part) => secrets.maskLiterals(part));
  if (beforeId === parts[0] && afterId === parts[1]) return undefined;
  return { beforeId: Buffer.from(beforeId), afterId: Buffer.from(afterId) };
}

/** Undefined when there is nothing to hide. */
function masked(text: Buffer, secrets: SecretTexts): Buffer | undefined {
  const json = startsLikeAnswer(text, true) ? text.toString() : undefined;
  const shown = json === undefined ? undefined : secrets.maskJson(json);
  if (shown !== undefined) return shown === json ? undefined : Buffer.from(shown);
  // A character for each byte: what is no text, or in another encoding, stays as it is.
  const bytes = text.toString('latin1');
  return secrets.isIn(bytes) ? Buffer.from(secrets.mask(bytes), 'latin1') : undefined;
}

function replaced(answered: Answered, body: Buffer): Answered {
  const { headers } = answered;
  const forward = without(headers.forward, ABOUT_BYTES);
  return { ...answered, body, headers: { ...headers, forward, contentEncoding: '' } };
}
