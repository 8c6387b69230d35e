/** What a verdict on one call tells beside its kind. */

import type { CallsJudgement, CallVerdict } from './judge-calls.ts';

const NONE = 0;
/** An error that is told to the client. */
export const ERROR = 1;
const NULL = 2;
/** Nothing better can come. */
export const RESULT = 3;

/** How much an answer is worth beside another upstream's to the same call: one that knows the block beats one that does not. */
export function worthOf(verdict: CallVerdict, text: Buffer): number {
  if (verdict.kind === 'open' || verdict.kind === 'in-doubt') return NONE;
  if (verdict.isError) return ERROR;
  // No other value begins so.
  return text[verdict.answer.resultStart] === 0x6e ? NULL : RESULT;
}

/** Of several calls the answer that is worth the least. */
export function leastWorth({ verdicts, text }: CallsJudgement): number {
  let least = RESULT;
  for (const verdict of verdicts) least = Math.min(least, worthOf(verdict, text));
  return least;
}

/** Whether the upstream did nothing for the call. */
export function isUntouched(verdict: CallVerdict): boolean {
  if (verdict.kind !== 'open' || verdict.uncertain) return false;
  return verdict.error === undefined || verdict.size?.about === 'batch';
}

/** What the refusal is due to, where smaller pieces may do. An item's answer that is too large by itself is one of a batch. */
export function tooLargeBy(
  { size, asBatch }: Extract<CallVerdict, { kind: 'open' }>,
  isAlone: boolean,
): 'batch' | 'range' | undefined {
  if (size === undefined) return asBatch ? 'batch' : undefined;
  return size.about === 'batch' || (size.about === 'bytes' && !isAlone) ? 'batch' : 'range';
}
