/** What came of a call that an operator made. */

import type { AttemptResult } from '../../events.ts';
import { decodeBody } from '../../http/decode.ts';
import type { SecretTexts } from '../../secret-texts.ts';
import { type Answer, jsonText } from '../answers.ts';

/** Of a longer answer only the beginning is read and shown. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** The most that a packed answer may unpack to. */
const MAX_UNPACKED_BYTES = 1024 * 1024;

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

/** Unpacks an answer that came packed, though it was asked not to. `coding` is that of its header line. */
export function unpacked(received: Received, coding = 'identity'): Received {
  const { body, problem } = received;
  if (/^(?:identity)?$/i.test(coding.trim()) || body.length === 0) return received;
  const isWhole = problem === null && body.length <= MAX_ANSWER_BYTES;
  const plain = isWhole
    ? decodeBody({ body, headers: { contentEncoding: coding } }, MAX_UNPACKED_BYTES)
    : undefined;
  if (Buffer.isBuffer(plain)) return { ...received, body: plain };
  return {
    ...received,
    body: Buffer.alloc(0),
    problem: problem ?? 'the answer came packed, and could not be unpacked',
  };
}

/** The answer to the operator. `secrets` are those of the upstreams that had a part in it. */
export function answerOf(result: CallResult, secrets: readonly SecretTexts[]): Answer {
  const { status, ms, answeredBy, attempts, requestId, body } = result;
  const isCut = body.length > MAX_ANSWER_BYTES;
  // UTF-16, or no text at all: there is no telling what it says.
  const isText = !body.includes(0);
  const problem = result.problem ?? (isText ? null : 'the answer is not text');
  const isWhole = !isCut && problem === null;
  const head = JSON.stringify({
    status,
    ms: rounded(ms),
    answered_by: answeredBy,
    attempts: attempts.map((attempt) => ({ ...attempt, ms: rounded(attempt.ms) })),
    request_id: requestId,
    cut: isCut,
    problem,
  });
  const text = isText ? body.toString('utf8', 0, MAX_ANSWER_BYTES).replace(/^\ufeff/, '') : '';
  return jsonText(200, `${head.slice(0, -1)},${isWhole ? shown(text, secrets) : shownPart(text, secrets)}}`);
}

/** JSON goes on as it is written: numbers that JavaScript can't hold keep their digits. */
function shown(text: string, secrets: readonly SecretTexts[]): string {
  if (!isJson(text))
    return `"text":${JSON.stringify(secrets.reduce((shorter, each) => each.maskEscaped(shorter), text))}`;
  // It stays JSON.
  return `"answer":${secrets.reduce((json, each) => each.maskLiterals(json), text).trim()}`;
}

/** Its end may be the beginning of a secret, however long that is. */
function shownPart(text: string, secrets: readonly SecretTexts[]): string {
  return `"text":${JSON.stringify(secrets.reduce((shorter, each) => each.maskCut(shorter), text))}`;
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
