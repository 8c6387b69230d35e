import type { ClientWords } from './client-words.ts';
import { classifyRpcError, type RpcErrorVerdict } from './errors.ts';

/** Larger bodies are pages, not errors. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * Reads what a gateway says in place of a JSON-RPC answer: an object with a message of its own, such as
 * `{"code":402,"message":"Payment Required","details":"..."}` or `{"error":"rate limited"}`. Undefined when the
 * body is nothing of the kind. `httpStatus` is that of the answer, `words` are the client's own, which it may quote.
 */
export function readBareError(
  body: Buffer,
  httpStatus: number,
  words?: ClientWords,
): RpcErrorVerdict | undefined {
  if (body.length > MAX_BODY_BYTES) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const member = (name: string): unknown => Object.getOwnPropertyDescriptor(said, name)?.value;
  const error = member('error');
  const message = [member('message'), error, member('title')].find((text) => typeof text === 'string');
  if (typeof message !== 'string') return undefined;
  const code = Number(member('code') ?? Number.NaN);
  return classifyRpcError({
    httpStatus,
    code: Number.isInteger(code) ? code : undefined,
    message,
    data: member('data') ?? member('detail'),
    method: undefined,
    whole: said,
    ...(words && { words }),
  });
}
