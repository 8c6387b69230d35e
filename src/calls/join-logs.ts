/** Puts the logs of several answers together, byte for byte. */

import { CLOSE_ARRAY, OPEN_ARRAY, skipSpace } from '../rpc/json-scan.ts';
import { isError } from '../rpc/matching.ts';
import { scanLoneRpcAnswer } from '../rpc/message.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { AnswerItem } from './answer-item.ts';

/** What is between the brackets of an answer's result; undefined for an error, or a result that is no array. */
function insideOf(answer: Buffer): Buffer | undefined {
  const found = scanLoneRpcAnswer(answer);
  if (!found || found.resultStart < 0) return undefined;
  const { resultStart, resultEnd } = found;
  // Some old nodes say so where there are no logs.
  if (answer.toString('latin1', resultStart, resultEnd) === 'null') return answer.subarray(0, 0);
  if (answer[resultStart] !== OPEN_ARRAY || answer[resultEnd - 1] !== CLOSE_ARRAY) return undefined;
  const start = skipSpace(answer, resultStart + 1);
  return answer.subarray(Math.min(start, resultEnd - 1), resultEnd - 1);
}

/** Whether the logs in an answer can be put together with others. */
export function holdsLogs({ bytes }: AnswerItem): boolean {
  return insideOf(bytes) !== undefined;
}

export function isResult({ bytes }: AnswerItem): boolean {
  const answer = scanLoneRpcAnswer(bytes);
  return answer !== undefined && !isError(bytes, answer);
}

/** One answer with the logs of all these, in this order. `id` is the client's. */
export function joinLogs(items: readonly AnswerItem[], id: Buffer): AnswerItem {
  const parts: Buffer[] = [Buffer.from('{"jsonrpc":"2.0","id":'), id, Buffer.from(',"result":[')];
  const head = parts.length;
  for (const { bytes } of items) {
    const inside = insideOf(bytes);
    if (!inside || inside.length === 0) continue;
    if (parts.length > head) parts.push(Buffer.from(','));
    parts.push(inside);
  }
  const [first, ...others] = new Set(items.flatMap(upstreamsOf));
  const answered = items[0]?.answered;
  return {
    bytes: Buffer.concat([...parts, Buffer.from(']}')]),
    upstream: first,
    others,
    answered,
    verbatim: false,
    status: 200,
  };
}

/** All that have a part in an item. */
export function upstreamsOf({ upstream, others = [] }: AnswerItem): readonly Upstream[] {
  return upstream ? [upstream, ...others] : others;
}
