/** Reads the error that a gateway sends in place of a JSON-RPC answer. */

import type { ClientWords } from './client-words.ts';
import { classifyRpcError, type RpcErrorVerdict } from './errors.ts';

/** Larger bodies are pages, not errors. */
const MAX_BODY_BYTES = 16 * 1024;

/**
 * Classifies an object with a message of the gateway's own, such as
 * `{"code":402,"message":"Payment Required","details":"..."}` or `{"error":"rate limited"}`. Undefined when the
 * body is anything else. `httpStatus` is the answer's; `words` is what the client wrote, which the body may quote.
 */
export function readBareError(
  body: Buffer,
  httpStatus: number,
  words?: ClientWords,
): RpcErrorVerdict | undefined {
  if (body.length > MAX_BODY_BYTES) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const member = (name: string): unknown => Object.getOwnPropertyDescriptor(parsed, name)?.value;
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
    whole: parsed,
    ...(words && { words }),
  });
}
