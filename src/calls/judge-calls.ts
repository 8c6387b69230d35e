/** Judges what an answer means for each JSON-RPC call that was sent. */

import { decodeBody, decodeStart } from '../http/decode.ts';
import { actions, type RpcErrorClass, type RpcErrorVerdict } from '../rpc/errors.ts';
import { hasSameBytes, isError, matchAnswers } from '../rpc/matching.ts';
import { type RpcAnswer, type RpcCall, scanLoneRpcAnswer, startsLikeAnswer } from '../rpc/message.ts';
import type { Repeatability } from '../rpc/methods.ts';
import type { SizeRefusal } from '../rpc/size-limits.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Blame, Rest } from '../upstreams/quarantine.ts';
import { meaningForAll, meaningOf, type RequestHead, type SentError } from './error-meaning.ts';
import { isTimedOutTrace, mayHideTimeout } from './timed-out-trace.ts';

/** A call that was sent and expects an answer. */
export interface SentCall {
  readonly call: RpcCall;
  readonly repeat: Repeatability;
}

/** What an attempt means for one call. */
export type CallVerdict =
  /** This is the client's answer. */
  | { readonly kind: 'settle'; readonly answer: RpcAnswer; readonly isError: boolean }
  /** The node has the transaction already: its hash is the answer. */
  | { readonly kind: 'known'; readonly answer: RpcAnswer; readonly isError: true }
  /** The nonce is used, perhaps by this very transaction: an earlier attempt may have got through. */
  | { readonly kind: 'nonce'; readonly answer: RpcAnswer; readonly isError: true }
  /** Another upstream may give a better answer. */
  | {
      readonly kind: 'open';
      /** Worth reporting to the client if no upstream does better. */
      readonly error: RpcAnswer | undefined;
      readonly rateLimited: boolean;
      /** The call may have been executed. */
      readonly uncertain: boolean;
      /** What was too large, in the words of the error. */
      readonly size?: SizeRefusal | undefined;
      /** It was refused together with all others, by words that say nothing of any of them: a batch may be the reason. */
      readonly asBatch?: boolean;
    }
  /** The call may have been executed, and must not be executed twice. */
  | { readonly kind: 'in-doubt' };

export interface CallsJudgement {
  /** One for each call, in the order in which they were sent. */
  readonly verdicts: readonly CallVerdict[];
  readonly blames: readonly Blame[];
  /** The upstream has answered each call by itself. */
  readonly oneByOne: boolean;
  /** The body holds the answers to these calls in this order, and nothing else. */
  readonly exact: boolean;
  /** The answer's unpacked body, which the verdicts have offsets into. */
  readonly text: Buffer;
}

/** The JSON-RPC that an attempt sent, to be matched with its answer. */
export interface SentCalls {
  /** The client's body, which the calls have offsets into. */
  readonly body: Buffer;
  readonly head: RequestHead;
  readonly batch: boolean;
  /** The calls that expect an answer; notifications do not. */
  readonly calls: readonly SentCall[];
  /** Other calls have their answers already, so this answer must be read, to be combined with them. */
  readonly partial: boolean;
  /** How many more bytes may be held at the moment. */
  readonly room?: number | undefined;
}

/** Errors that are about the upstream rather than the call; they are never passed on. */
const ABOUT_UPSTREAM: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'throttled',
  'plan',
  'auth',
  'upstream-broken',
]);
/** Errors by which an upstream says that it did not execute the call. */
const NOT_EXECUTED: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'throttled',
  'plan',
  'auth',
  'method-unsupported',
  'batch-too-large',
]);
/** Errors after which the call may have been executed nevertheless. */
const UNCERTAIN: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'upstream-broken',
  'node-timeout',
  'unknown',
]);
/** Single errors for a whole batch that a server may give which takes no batches. */
const ABOUT_A_BATCH: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'method-unsupported',
  'client-error',
]);
/** Unpacking an answer to judge it delays all other requests, by some milliseconds for each megabyte. */
const MAX_DECODED = 2 * 1024 * 1024;
const MAX_DECODED_BATCH = 8 * 1024 * 1024;

const NO_BLAMES: readonly Blame[] = [];

/**
 * The common case, judged with nearly no garbage: one call, and a result with its id. Undefined for everything else,
 * which `judgeRpcBody` judges.
 */
export function judgeOneResult(
  { body: text, headers }: Answered,
  { body, batch, calls }: Pick<SentCalls, 'body' | 'batch' | 'calls'>,
): CallsJudgement | undefined {
  const [sent] = calls;
  if (batch || !sent || calls.length !== 1 || headers.contentEncoding !== '') return undefined;
  const answer = scanLoneRpcAnswer(text);
  if (!answer || answer.resultStart < 0 || answer.errorStart >= 0) return undefined;
  if (!hasSameBytes(text, answer, body, sent.call) || mayHideTimeout(sent.call.method)) return undefined;
  const settled: CallVerdict = { kind: 'settle', answer, isError: false };
  return { verdicts: [settled], blames: NO_BLAMES, text, oneByOne: true, exact: true };
}

/**
 * Judges a body that was read whole by the JSON-RPC answer in it. Undefined when there is none: then the HTTP status
 * decides. `rest` comes from the Retry-After line.
 */
export function judgeRpcBody(
  answered: Answered,
  sent: SentCalls,
  rest: Rest | undefined,
): CallsJudgement | undefined {
  const text = decodeBody(answered, decodedLimit(sent));
  if (text === undefined || text === 'broken') return undefined;
  const { body, batch, head } = sent;
  const request = { body, batch, calls: sent.calls.map(({ call }) => call) };
  const match = matchAnswers(text, request);
  const forAll = match.kind === 'each' ? undefined : match.kind === 'none' ? match.lone : match.answer;
  const facts = { text, httpStatus: answered.status, rest, body, head };
  const refusal = forAll && meaningForAll({ ...facts, answer: forAll }, request.calls);
  // One of its calls alone says nothing about the others, unless it speaks of the batch.
  if (match.kind === 'none' && refusal?.class !== 'batch-too-large') return undefined;
  const blames: Blame[] = [];
  const oneByOne = match.kind === 'each';
  const saysUndone = answered.status === 429 || (answered.status === 503 && rest !== undefined);
  // It is not believed where a call has a result.
  const isUndone = saysUndone && (!oneByOne || match.answers.every((answer) => isError(text, answer)));
  const verdicts = sent.calls.map((sentCall, index) => {
    const answer = match.kind === 'each' ? match.answers[index] : forAll;
    if (!answer) return openCall({ uncertain: false });
    return judgeCall({ ...facts, answer, refusal, isUndone }, sentCall, blames);
  });
  return { verdicts, blames, text, oneByOne, exact: oneByOne && match.exact };
}

/** Whether a body that is too large to be read whole, or can't be read, may hold a JSON-RPC answer. */
export function mayHoldRpcAnswer(answered: Answered, sent: Pick<SentCalls, 'batch' | 'room'>): boolean {
  const { body, headers, stream } = answered;
  // A body that can be read has been judged already.
  if (!stream && (body.length === 0 || decodeBody(answered, decodedLimit(sent)) !== undefined)) return false;
  if (headers.contentType.startsWith('text/event-stream')) return true;
  const start = decodeStart(answered);
  if (start === 'broken') return false;
  // The coding is unknown, or nothing was unpacked yet.
  return (
    start === undefined || (start.length === 0 && isPacked(answered)) || startsLikeAnswer(start, sent.batch)
  );
}

function isPacked({ headers }: Answered): boolean {
  return headers.contentEncoding !== '' && headers.contentEncoding !== 'identity';
}

/** How many bytes an answer may unpack to. */
function decodedLimit({ batch, room = MAX_DECODED_BATCH }: Pick<SentCalls, 'batch' | 'room'>): number {
  return Math.min(batch ? MAX_DECODED_BATCH : MAX_DECODED, room);
}

/** The verdict on a call whose attempt brought no answer. */
export function openCall(facts: {
  readonly uncertain: boolean;
  readonly rateLimited?: boolean;
  readonly asBatch?: boolean;
}): CallVerdict {
  const { uncertain, rateLimited = false, asBatch = false } = facts;
  return { kind: 'open', error: undefined, rateLimited, uncertain, asBatch };
}

interface Found extends SentError {
  readonly rest: Rest | undefined;
  /** The meaning of a single refusal of all calls. */
  readonly refusal?: RpcErrorVerdict | undefined;
  /** The status says that nothing was executed, whatever the errors say. */
  readonly isUndone: boolean;
}

function judgeCall(found: Found, sent: SentCall, blames: Blame[]): CallVerdict {
  const { text, answer } = found;
  const { method } = sent.call;
  if (!isError(text, answer)) {
    if (!isTimedOutTrace(text, answer, method) || sent.repeat === 'unsent')
      return { kind: 'settle', answer, isError: false };
    return { kind: 'open', error: answer, rateLimited: false, uncertain: false };
  }
  const verdict = found.refusal ?? meaningOf(found, sent.call);
  const { class: errorClass } = verdict;
  // A single error for a whole batch says little about each call.
  const next = actions[errorClass].next || found.refusal !== undefined;
  const blame = blameOf(verdict, found, method);
  if (blame) addBlame(blames, blame);
  if (errorClass === 'raw-tx-known') return { kind: 'known', answer, isError: true };
  if (errorClass === 'raw-tx-nonce') return { kind: 'nonce', answer, isError: true };
  const notExecuted = found.isUndone || NOT_EXECUTED.has(errorClass);
  const mayGoOn = next && (sent.repeat === 'always' || notExecuted);
  if (!mayGoOn)
    return ABOUT_UPSTREAM.has(errorClass) ? { kind: 'in-doubt' } : { kind: 'settle', answer, isError: true };
  return {
    kind: 'open',
    error: ABOUT_UPSTREAM.has(errorClass) ? undefined : answer,
    rateLimited: errorClass === 'throttled',
    uncertain: UNCERTAIN.has(errorClass) && !notExecuted,
    size: verdict.size,
    asBatch: found.refusal !== undefined && ABOUT_A_BATCH.has(errorClass),
  };
}

function blameOf(
  { class: errorClass, rest, byStatus }: RpcErrorVerdict,
  found: Found,
  method: string | undefined,
): Blame | undefined {
  const { blame: reason, banMethod } = actions[errorClass];
  if (reason === undefined || (banMethod && found.refusal !== undefined)) return undefined;
  return {
    reason,
    method: banMethod ? method : undefined,
    rest: rest ?? found.rest,
    // If only the status points at the key, and the error does not, the cause may also be the call.
    ...(reason === 'auth' && byStatus ? { weak: true } : {}),
  };
}

function addBlame(blames: Blame[], blame: Blame): void {
  const known = blames.some(({ reason, method }) => reason === blame.reason && method === blame.method);
  if (!known) blames.push(blame);
}
