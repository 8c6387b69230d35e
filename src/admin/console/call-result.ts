/** What came of a call that an operator made. */

import type { AttemptResult } from '../../events.ts';
import type { SecretTexts } from '../../secret-texts.ts';
import { type Answer, jsonText } from '../answers.ts';

/** Of an answer no more is shown. */
export const MAX_ANSWER_BYTES = 64 * 1024;

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
  readonly body: Buffer;
  /** There was more of the body. */
  readonly isCut: boolean;
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
  const { status, ms, answeredBy, attempts, requestId, isCut, problem } = result;
  const head = JSON.stringify({
    status,
    ms: rounded(ms),
    answered_by: answeredBy,
    attempts: attempts.map((attempt) => ({ ...attempt, ms: rounded(attempt.ms) })),
    request_id: requestId,
    cut: isCut,
    problem,
  });
  return jsonText(200, `${head.slice(0, -1)},${shown(result, secrets)}}`);
}

/** JSON goes on as it is written: numbers that JavaScript can't hold keep their digits. */
function shown({ body, isCut }: Received, secrets: readonly SecretTexts[]): string {
  const text = body.toString('utf8');
  let json = isCut ? undefined : text;
  for (const each of secrets) json = json === undefined ? undefined : each.maskJson(json);
  if (json !== undefined && isJson(json)) return `"answer":${json.trim()}`;
  return `"text":${JSON.stringify(secrets.reduce((masked, each) => each.mask(masked), text))}`;
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
