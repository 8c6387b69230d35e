/** Finds traces that timed out: nodes report that as a result. */

import { classifyRpcResult } from '../rpc/errors.ts';
import type { RpcAnswer } from '../rpc/message.ts';

/** In bytes. Larger results are not searched for a time-out message, which is short. */
const MAX_SEARCHED_RESULT = 4_096;

/** Whether a method's result may be a node's time-out message. */
export function mayHideTimeout(method: string | undefined): boolean {
  return method !== undefined && (method.startsWith('debug_') || method.startsWith('trace_'));
}

/** Nodes report a trace that timed out as a result. */
export function isTimedOutTrace(text: Buffer, answer: RpcAnswer, method: string | undefined): boolean {
  if (method === undefined || !mayHideTimeout(method)) return false;
  const { resultStart, resultEnd } = answer;
  if (resultStart < 0 || resultEnd - resultStart > MAX_SEARCHED_RESULT) return false;
  try {
    return (
      classifyRpcResult(method, JSON.parse(text.toString('utf8', resultStart, resultEnd))) === 'node-timeout'
    );
  } catch {
    return false;
  }
}
