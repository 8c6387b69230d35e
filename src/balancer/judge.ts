import type { FailureReason } from '../events.ts';
import { scanRpcAnswer, startsLikeJson } from '../rpc/message.ts';
import type { Blame, Rest } from '../upstreams/quarantine.ts';
import { parseRetryAfter } from '../upstreams/retry-after.ts';
import type { Repeat } from './exchange.ts';
import type { Answered, AttemptOutcome } from './outcome.ts';

/** What a judgement needs to know of the request. */
export interface Asked {
  /** The request is JSON-RPC, so only JSON-RPC is an answer. */
  readonly rpc: boolean;
  /** The request is a batch, so only an array is an answer. */
  readonly batch: boolean;
  /** Not one notification after the other: something must come back. */
  readonly wantsAnswer: boolean;
  readonly repeat: Repeat;
  readonly retryStatus: ReadonlySet<number>;
  /** For a Retry-After that is a date. */
  readonly wallMs: number;
}

/** The answer to two questions apart: what happens next, and who is to blame. */
export interface Verdict {
  /** `deliver` this answer; try `another` upstream; `stop`, for it may not be repeated. */
  readonly next: 'deliver' | 'another' | 'stop';
  /** Undefined when the upstream has done nothing wrong. */
  readonly blame: Blame | undefined;
}

const DELIVER: Verdict = { next: 'deliver', blame: undefined };
const STOP: Verdict = { next: 'stop', blame: undefined };

/** Judges how an attempt ended. Pure: the same outcome and the same request give the same verdict. */
export function judge(outcome: AttemptOutcome, asked: Asked): Verdict {
  switch (outcome.kind) {
    case 'answered':
      return asked.rpc ? judgeRpcAnswer(outcome, asked) : judgeStatus(outcome, asked);
    case 'unreachable':
      return { next: 'another', blame: { reason: outcome.reason } };
    case 'timed-out':
      return failed('timeout', asked);
    case 'broken':
      return failed(outcome.reason, asked);
    case 'out-of-time':
    case 'upload-failed':
    case 'client-left':
      return STOP;
    default:
      return outcome satisfies never;
  }
}

/** An answer to a request that is not JSON-RPC: the status says all. */
function judgeStatus(answered: Answered, asked: Asked): Verdict {
  return asked.retryStatus.has(answered.status) ? refused(answered, asked) : DELIVER;
}

/** An answer to a JSON-RPC request: first by the JSON-RPC answer in it, then by its status. */
function judgeRpcAnswer(answered: Answered, asked: Asked): Verdict {
  const { status } = answered;
  if (holdsRpcAnswer(answered, asked)) {
    // What an error in it means is for the table of provider errors to say. Until it speaks, a status
    // that says "not done" is believed.
    return asked.retryStatus.has(status) && status !== 500 ? refused(answered, asked) : DELIVER;
  }
  if (asked.retryStatus.has(status)) return refused(answered, asked);
  if (status === 401 || status === 403) return { next: 'another', blame: { reason: 'auth' } };
  if (status === 402) return { next: 'another', blame: { reason: 'plan' } };
  if (status < 200 || status > 299) return DELIVER;
  return asked.wantsAnswer ? failed('not-an-answer', asked) : DELIVER;
}

/** Whether a body can be the answer to a JSON-RPC question. */
function holdsRpcAnswer({ body, headers, stream }: Answered, asked: Asked): boolean {
  // A compressed body can't be looked into.
  if (headers.contentEncoding !== '' && headers.contentEncoding !== 'identity') return body.length > 0;
  if (stream) return headers.contentType.startsWith('text/event-stream') || startsLikeJson(body);
  const found = scanRpcAnswer(body);
  if (!found || found.answers.length === 0) return false;
  if (found.batch && !asked.batch) return false;
  return found.answers.every((answer) => answer.resultStart >= 0 || answer.errorStart >= 0);
}

/** A status of RETRY_STATUS. 429, and 503 with Retry-After, say that nothing was done. */
function refused({ status, headers }: Answered, asked: Asked): Verdict {
  const ms = parseRetryAfter(headers.retryAfter, asked.wallMs);
  const rest: Rest | undefined = ms === undefined ? undefined : { kind: 'for', ms };
  if (status === 429) return { next: 'another', blame: { reason: 'rate-limited', rest } };
  if (status === 503 && headers.retryAfter !== undefined)
    return { next: 'another', blame: { reason: 'status', rest } };
  return failed('status', asked);
}

/** The upstream failed after it may have acted on the request. */
function failed(reason: FailureReason, asked: Asked): Verdict {
  return { next: asked.repeat === 'always' ? 'another' : 'stop', blame: { reason } };
}
