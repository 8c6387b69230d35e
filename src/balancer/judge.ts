/** What follows from how an attempt ended: what happens next, and who is to blame. */

import { textOfHead } from '../calls/error-meaning.ts';
import {
  type CallsJudgement,
  type CallVerdict,
  judgeOneResult,
  judgeRpcBody,
  mayHoldRpcAnswer,
  openCall,
  type SentCalls,
} from '../calls/judge-calls.ts';
import type { FailureReason } from '../events.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { readBareError } from '../rpc/bare-error.ts';
import { ClientWords } from '../rpc/client-words.ts';
import { actions } from '../rpc/errors.ts';
import type { Repeatability } from '../rpc/methods.ts';
import type { Answered, AttemptOutcome } from '../transport/outcome.ts';
import type { Blame, Rest } from '../upstreams/quarantine.ts';

/** What a judgement needs to know of the request that was sent. */
export interface SentRequest {
  /** What was sent, when it is JSON-RPC: then only JSON-RPC is an answer. */
  readonly rpc: SentCalls | undefined;
  readonly repeat: Repeatability;
  /** It asks for another protocol. */
  readonly upgrade?: boolean;
  readonly retryStatus: ReadonlySet<number>;
  /** For a Retry-After that is a date. */
  readonly wallMs: number;
}

/** The answer to two questions apart: what happens next, and who is to blame. */
export interface Verdict {
  /** `deliver` this answer as it is; try `another` upstream; `stop` looking. */
  readonly next: 'deliver' | 'another' | 'stop';
  /** Empty when the upstream has done nothing wrong. */
  readonly blames: readonly Blame[];
  /** What the attempt means for each call of a JSON-RPC request. */
  readonly calls?: CallsJudgement;
}

const DELIVER: Verdict = { next: 'deliver', blames: [] };
const STOP: Verdict = { next: 'stop', blames: [] };
const NO_TEXT = Buffer.alloc(0);

/** With these a gateway says that it did not pass a request on. */
const GATEWAY_REFUSALS: ReadonlySet<number> = new Set([401, 402, 403, 429]);

/** With these a server may say that it takes no batch, or none of that size. */
const BATCH_REFUSALS: ReadonlySet<number> = new Set([400, 405, 413, 415, 422, 501]);

/** Judges how an attempt ended. Pure: the same outcome and the same request give the same verdict. */
export function judge(outcome: AttemptOutcome, sent: SentRequest): Verdict {
  switch (outcome.kind) {
    case 'answered':
      return sent.rpc ? judgeRpcAnswer(outcome, sent, sent.rpc) : judgeStatus(outcome, sent);
    case 'switched':
      return DELIVER;
    case 'unreachable':
      return undone({ reason: outcome.reason }, sent);
    case 'shortage':
      // A kept connection to another upstream may be there.
      return undone(undefined, sent);
    case 'timed-out':
      return failed('timeout', sent);
    case 'broken':
      return failed(outcome.reason, sent);
    case 'upload-cut':
    case 'out-of-time':
    case 'out-of-room':
    case 'upload-failed':
    case 'superseded':
    case 'client-left':
      return STOP;
    default:
      return outcome satisfies never;
  }
}

/** An answer to a request that is not JSON-RPC: the status says all. */
function judgeStatus(answered: Answered, sent: SentRequest): Verdict {
  const { status } = answered;
  if (sent.retryStatus.has(status)) return refused(answered, sent);
  // Another one may speak the protocol, or take what this one refuses. It is no fault.
  return sent.upgrade ? { next: 'another', blames: [] } : DELIVER;
}

/** An answer to a JSON-RPC request: first by the JSON-RPC answer in it, then by its status. */
function judgeRpcAnswer(answered: Answered, sent: SentRequest, rpc: SentCalls): Verdict {
  const { status, stream } = answered;
  const succeeded = status >= 200 && status <= 299;
  if (!stream && rpc.calls.length > 0) {
    const judgement = judgeOneResult(answered, rpc) ?? judgeRpcBody(answered, rpc, restOf(answered, sent));
    if (judgement) return { next: nextOf(judgement.verdicts), blames: judgement.blames, calls: judgement };
  }
  if (succeeded && !rpc.partial && (rpc.calls.length === 0 || mayHoldRpcAnswer(answered, rpc)))
    return DELIVER;
  // Without a version it may be an order, and this what became of it.
  if (succeeded && !rpc.partial && rpc.calls.some(({ call }) => call.versionStart < 0)) return DELIVER;
  const bare = stream || status < 400 ? undefined : bareBlame(answered, sent, rpc);
  if (bare) return undone(bare, sent);
  if (sent.retryStatus.has(status)) return refused(answered, sent);
  if (status === 401 || status === 403) return undone({ reason: 'auth' }, sent);
  if (status === 402) return undone({ reason: 'plan' }, sent);
  const noAnswer = failed('not-an-answer', sent, rpc.batch && BATCH_REFUSALS.has(status));
  // Of a call that can be read in two ways the upstream may have read another id.
  if (succeeded && !rpc.calls.some(({ call }) => call.ambiguous)) return noAnswer;
  // A page of some other server ("The plain HTTP request was sent to HTTPS port").
  if (status === 400 && startsLikeMarkup(answered.body)) return noAnswer;
  // A redirect, an unknown path, a body that is refused: no answer, but perhaps the client's doing, so that
  // blaming the upstream would let any client empty the pool. Another one may be of another mind.
  return { ...noAnswer, blames: [] };
}

/** What a gateway's own words say in place of a JSON-RPC answer, where they speak of a limit, a plan or a key. */
function bareBlame(answered: Answered, sent: SentRequest, rpc: SentCalls): Blame | undefined {
  const { status, headers, body } = answered;
  if (!GATEWAY_REFUSALS.has(status) || headers.contentEncoding !== '') return undefined;
  const words = new ClientWords(() => `${rpc.body.toString('utf8')} ${textOfHead(rpc.head)}`);
  const verdict = readBareError(body, status, words);
  const reason = verdict && actions[verdict.class].blame;
  if (reason !== 'rate-limited' && reason !== 'plan' && reason !== 'auth') return undefined;
  return { reason, rest: verdict?.rest ?? restOf(answered, sent) };
}

function startsLikeMarkup(body: Buffer): boolean {
  return /^\s*</.test(body.toString('latin1', 0, 64));
}

/** A status of RETRY_STATUS. 429, and 503 with Retry-After, say that nothing was done. */
function refused(answered: Answered, sent: SentRequest): Verdict {
  const { status, headers } = answered;
  const rest = restOf(answered, sent);
  if (status === 429) return undone({ reason: 'rate-limited', rest }, sent);
  if (status === 503 && headers.retryAfter !== undefined) return undone({ reason: 'status', rest }, sent);
  return failed('status', sent);
}

function restOf({ headers }: Answered, sent: SentRequest): Rest | undefined {
  const ms = parseRetryAfter(headers.retryAfter, sent.wallMs);
  return ms === undefined ? undefined : { kind: 'for', ms };
}

/** The upstream did nothing of what it was sent for. */
function undone(blame: Blame | undefined, { rpc }: SentRequest): Verdict {
  const rateLimited = blame?.reason === 'rate-limited';
  return {
    next: 'another',
    blames: blame ? [blame] : [],
    ...(rpc && { calls: withoutAnswer(rpc.calls.map(() => openCall({ uncertain: false, rateLimited }))) }),
  };
}

/** The upstream failed after it may have acted on the request. */
function failed(reason: FailureReason, { repeat, rpc }: SentRequest, asBatch = false): Verdict {
  if (!rpc || rpc.calls.length === 0)
    return { next: repeat === 'always' ? 'another' : 'stop', blames: [{ reason }] };
  const verdicts = rpc.calls.map(
    (call): CallVerdict =>
      call.repeat === 'always' ? openCall({ uncertain: true, asBatch }) : { kind: 'in-doubt' },
  );
  return { next: nextOf(verdicts), blames: [{ reason }], calls: withoutAnswer(verdicts) };
}

function nextOf(verdicts: readonly CallVerdict[]): Verdict['next'] {
  if (verdicts.some(({ kind }) => kind === 'open')) return 'another';
  return verdicts.some(({ kind }) => kind === 'in-doubt') ? 'stop' : 'deliver';
}

function withoutAnswer(verdicts: readonly CallVerdict[]): CallsJudgement {
  return { verdicts, blames: [], text: NO_TEXT, oneByOne: false, exact: false };
}
