/** What came of a call that an operator made. */

import type { AttemptResult } from '../../events.ts';
import type { SecretTexts } from '../../secret-texts.ts';
import { type Answer, jsonText } from '../answers.ts';

/** Of a longer answer only the beginning is read and shown. */
export const MAX_ANSWER_BYTES = 64 * 1024;
/** So much less of it is shown than was read: a secret that begins in what is shown was read whole, and is masked. */
const LONGEST_SECRET = 1_024;

export interface CallAttempt {
  /** Its name. */
  readonly upstream: string;
  readonly result: AttemptResult;
  readonly ms: number;
}

/** What was received. */
export interface Received {
  /** Null when none came. */
  readonly status: number | null;
  /** Whole, or longer than MAX_ANSWER_BYTES; shorter where there is a problem. */
  readonly body: Buffer;
  /** Why there is no answer, or no whole one, in a few words and without secrets; null when nothing went wrong. */
  readonly problem: string | null;
}

export interface CallResult extends Received {
  readonly ms: number;
  /** The name of the upstream. */
  readonly answeredBy: string | null;
  readonly attempts: readonly CallAttempt[];
  readonly requestId: string | null;
}

/** The answer to the operator. `secrets` are those of the upstreams that had a part in it. */
export function answerOf(result: CallResult, secrets: readonly SecretTexts[]): Answer {
  const { status, ms, answeredBy, attempts, requestId, body, problem } = result;
  const isCut = body.length > MAX_ANSWER_BYTES;
  const head = JSON.stringify({
    status,
    ms: rounded(ms),
    answered_by: answeredBy,
    attempts: attempts.map((attempt) => ({ ...attempt, ms: rounded(attempt.ms) })),
    request_id: requestId,
    cut: isCut,
    problem,
  });
  return jsonText(200, `${head.slice(0, -1)},${isCut ? shownPart(body, secrets) : shown(body, secrets)}}`);
}

/** JSON goes on as it is written: numbers that JavaScript can't hold keep their digits. */
function shown(body: Buffer, secrets: readonly SecretTexts[]): string {
  const text = body.toString('utf8');
  if (!isJson(text)) return `"text":${JSON.stringify(masked(text, secrets))}`;
  // It stays JSON.
  return `"answer":${secrets.reduce((json, each) => each.maskLiterals(json), text).trim()}`;
}

function shownPart(body: Buffer, secrets: readonly SecretTexts[]): string {
  const text = masked(body.toString('utf8'), secrets);
  return `"text":${JSON.stringify(text.slice(0, MAX_ANSWER_BYTES - LONGEST_SECRET))}`;
}

function masked(text: string, secrets: readonly SecretTexts[]): string {
  return secrets.reduce((shorter, each) => each.mask(shorter), text);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 10) / 10;
}
