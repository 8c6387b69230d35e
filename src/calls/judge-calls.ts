/** What an answer means for each JSON-RPC call that was sent. */
import { actions, classifyRpcResult, type RpcErrorClass, type RpcErrorVerdict } from '../rpc/errors.ts';
import { hasSameBytes, isError, matchAnswers } from '../rpc/matching.ts';
import { type RpcAnswer, type RpcCall, scanLoneRpcAnswer, startsLikeAnswer } from '../rpc/message.ts';
import type { Repeatability } from '../rpc/methods.ts';
import type { Answered } from '../transport/outcome.ts';
import type { Blame, Rest } from '../upstreams/quarantine.ts';
import { decodeBody, decodeStart } from './decode.ts';
import { meaningForAll, meaningOf, type RequestHead, type SentError } from './error-meaning.ts';

/** One call that was sent and wants an answer. */
export interface SentCall {
  readonly call: RpcCall;
  readonly repeat: Repeatability;
}

/** What an attempt means for one call. */
export type CallVerdict =
  /** This answer is the client's. */
  | { readonly kind: 'settle'; readonly answer: RpcAnswer; readonly isError: boolean }
  /** The transaction is there already: its hash is the answer. */
  | { readonly kind: 'known'; readonly answer: RpcAnswer; readonly isError: true }
  /** The nonce is used: by this very transaction, if an earlier attempt got through. */
  | { readonly kind: 'nonce'; readonly answer: RpcAnswer; readonly isError: true }
  /** Another upstream may do better. */
  | {
      readonly kind: 'open';
      /** Tells the client something, should nobody do better. */
      readonly error: RpcAnswer | undefined;
      readonly rateLimited: boolean;
      /** It may have been done. */
      readonly uncertain: boolean;
    }
  /** It may have been done, and may not be done twice. */
  | { readonly kind: 'lost' };

export interface CallsJudgement {
  /** One for each call that was sent, in that order. */
  readonly verdicts: readonly CallVerdict[];
  readonly blames: readonly Blame[];
  /** The upstream has looked at each call. */
  readonly oneByOne: boolean;
  /** The body answers these calls in this order, and nothing else. */
  readonly exact: boolean;
  /** The answer's readable body, in which the verdicts' offsets stand. */
  readonly text: Buffer;
}

/** The JSON-RPC of an attempt, with which its answer is matched. */
export interface SentCalls {
  /** The client's body, in which the calls' offsets stand. */
  readonly body: Buffer;
  readonly head: RequestHead;
  readonly batch: boolean;
  /** The calls that want an answer; none for notifications. */
  readonly calls: readonly SentCall[];
  /** The answer must be read: others are there already, with which it is put together. */
  readonly partial: boolean;
  /** How many bytes more may be held at the moment. */
  readonly room?: number | undefined;
}

/** Errors that say more about the upstream than about the call: never passed on. */
const ABOUT_UPSTREAM: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'throttled',
  'plan',
  'auth',
  'upstream-broken',
]);
/** Errors with which an upstream says that it did not do what it was asked for. */
const UNDONE: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'throttled',
  'plan',
  'auth',
  'method-unsupported',
  'batch-too-large',
]);
/** Errors of an upstream that may have done all the same what it was asked for. */
const DOUBTFUL: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>([
  'upstream-broken',
  'node-timeout',
  'unknown',
]);
/** Larger results are not searched for a time-out: a message is short. */
const MAX_SEARCHED_RESULT = 4_096;

/** What is unpacked to be judged holds up all other requests: some milliseconds for each megabyte. */
const MAX_DECODED = 2 * 1024 * 1024;
const MAX_DECODED_BATCH = 8 * 1024 * 1024;

const NO_BLAMES: readonly Blame[] = [];

/**
 * The common case, decided with next to no garbage: one call, and the result with its id. Undefined for
 * everything else, which `judgeRpcBody` then looks into.
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
 * Judges a body that was read whole by the JSON-RPC answer in it. Undefined when there is none: then the
 * HTTP status decides. `rest` is what the Retry-After line says.
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
  if (match.kind === 'none') return undefined;
  const blames: Blame[] = [];
  const oneByOne = match.kind === 'each';
  const facts = { text, httpStatus: answered.status, rest, body, head };
  const refusal =
    match.kind === 'one-error' ? meaningForAll({ ...facts, answer: match.answer }, request.calls) : undefined;
  const verdicts = sent.calls.map((sentCall, index) => {
    const answer = match.kind === 'each' ? match.answers[index] : match.answer;
    if (!answer) return openCall({ uncertain: false });
    return judgeCall({ ...facts, answer, refusal }, sentCall, blames);
  });
  return { verdicts, blames, text, oneByOne, exact: oneByOne && match.exact };
}

/** Whether an answer that is too large to be read whole, or can't be read, may be the client's. */
export function mayHoldRpcAnswer(answered: Answered, sent: Pick<SentCalls, 'batch' | 'room'>): boolean {
  const { body, headers, stream } = answered;
  // What could be read has been judged already.
  if (!stream && (body.length === 0 || decodeBody(answered, decodedLimit(sent)) !== undefined)) return false;
  if (headers.contentType.startsWith('text/event-stream')) return true;
  const start = decodeStart(answered);
  if (start === 'broken') return false;
  // In a coding that is not known, or without a byte of what was written.
  return (
    start === undefined || (start.length === 0 && isPacked(answered)) || startsLikeAnswer(start, sent.batch)
  );
}

function isPacked({ headers }: Answered): boolean {
  return headers.contentEncoding !== '' && headers.contentEncoding !== 'identity';
}

/** To how many bytes an answer may be unpacked. */
function decodedLimit({ batch, room = MAX_DECODED_BATCH }: Pick<SentCalls, 'batch' | 'room'>): number {
  return Math.min(batch ? MAX_DECODED_BATCH : MAX_DECODED, room);
}

/** A call of an attempt that brought no answer. */
export function openCall(facts: {
  readonly uncertain: boolean;
  readonly rateLimited?: boolean;
}): CallVerdict {
  const { uncertain, rateLimited = false } = facts;
  return { kind: 'open', error: undefined, rateLimited, uncertain };
}

interface Found extends SentError {
  readonly rest: Rest | undefined;
  /** What one refusal of all calls means. */
  readonly refusal?: RpcErrorVerdict | undefined;
}

function judgeCall(found: Found, sent: SentCall, blames: Blame[]): CallVerdict {
  const { text, answer } = found;
  const { method } = sent.call;
  if (!isError(text, answer)) {
    if (!isTimedOutTrace(found, method) || sent.repeat === 'unsent')
      return { kind: 'settle', answer, isError: false };
    return { kind: 'open', error: answer, rateLimited: false, uncertain: false };
  }
  const verdict = found.refusal ?? meaningOf(found, sent.call);
  const { class: errorClass } = verdict;
  // One error for a whole batch says little of a single call.
  const next = actions[errorClass].next || found.refusal !== undefined;
  const blame = blameOf(verdict, found, method);
  if (blame) addBlame(blames, blame);
  if (errorClass === 'raw-tx-known') return { kind: 'known', answer, isError: true };
  if (errorClass === 'raw-tx-nonce') return { kind: 'nonce', answer, isError: true };
  // 503 with Retry-After says so, too.
  const undone = UNDONE.has(errorClass) || (found.httpStatus === 503 && found.rest !== undefined);
  const mayGoOn = next && (sent.repeat === 'always' || undone);
  if (!mayGoOn)
    return ABOUT_UPSTREAM.has(errorClass) ? { kind: 'lost' } : { kind: 'settle', answer, isError: true };
  return {
    kind: 'open',
    error: ABOUT_UPSTREAM.has(errorClass) ? undefined : answer,
    rateLimited: errorClass === 'throttled',
    uncertain: DOUBTFUL.has(errorClass) && !undone,
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
    // A status that is said to speak of the key, with an error that doesn't, may as well speak of the call.
    ...(reason === 'auth' && byStatus ? { weak: true } : {}),
  };
}

/** Methods whose results may be a node's time-out. */
function mayHideTimeout(method: string | undefined): boolean {
  return method !== undefined && (method.startsWith('debug_') || method.startsWith('trace_'));
}

/** Nodes give a trace that ran out of their time as a result. */
function isTimedOutTrace({ text, answer }: Found, method: string | undefined): boolean {
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

function addBlame(blames: Blame[], blame: Blame): void {
  const known = blames.some(({ reason, method }) => reason === blame.reason && method === blame.method);
  if (!known) blames.push(blame);
}
