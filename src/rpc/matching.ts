/** Finds out which answer in an upstream's body belongs to which call. */

import { type RpcAnswer, type RpcCall, scanRpcAnswer } from './message.ts';

/** How an upstream's body matches the calls that were sent. */
export type Match =
  /** An answer for each call, in the order of the calls; `exact` when the body holds just these, in this order. */
  | { readonly kind: 'each'; readonly answers: readonly RpcAnswer[]; readonly exact: boolean }
  /** One error for all: the upstream could not or would not read the calls. */
  | { readonly kind: 'one-error'; readonly answer: RpcAnswer }
  /** No answer to these calls. `lone`: the only item that a batch got, an error of one of its calls. */
  | { readonly kind: 'none'; readonly lone?: RpcAnswer };

const NONE: Match = { kind: 'none' };
/** Items that an answer may have in addition to two for each call. */
const EXTRA_ITEMS = 16;
/** Longer ids are compared by their bytes. */
const LONGEST_ID = 1_024;
/** No JSON value is written like this. */
const NO_ID = '';

/**
 * Matches the answers in a body with the calls that want one. An answer with another id does not count. An error
 * without an id, or with null, may come from an upstream that refused before it read the id.
 */
export function matchAnswers(
  body: Buffer,
  request: { readonly body: Buffer; readonly calls: readonly RpcCall[]; readonly batch: boolean },
): Match {
  // A single call is never answered by an array, nor a batch by far more items than it has calls.
  const found = scanRpcAnswer(body, request.batch ? request.calls.length * 2 + EXTRA_ITEMS : 0);
  if (!found) return NONE;
  const [first] = found.answers;
  if (!first) return NONE;
  if (!found.batch) return matchOne(body, first, request);
  if (!request.batch) return NONE;
  if (isInOrder(body, found.answers, request)) return { kind: 'each', answers: found.answers, exact: true };
  const each = matchBatch(body, found.answers, request);
  if (each) return { kind: 'each', answers: each, exact: false };
  if (found.answers.length > 1 || !isError(body, first)) return NONE;
  // Some providers wrap their one refusal of a whole batch in an array; geth gives it the first call's id.
  return isRefusal(body, first) ? { kind: 'one-error', answer: first } : { kind: 'none', lone: first };
}

function matchOne(
  body: Buffer,
  answer: RpcAnswer,
  request: { readonly body: Buffer; readonly calls: readonly RpcCall[]; readonly batch: boolean },
): Match {
  if (request.batch) return isRefusal(body, answer) ? { kind: 'one-error', answer } : NONE;
  const [call] = request.calls;
  if (!call) return NONE;
  const fits =
    holdsOutcome(body, answer) && (isSameId(body, answer, request.body, call) || isRefusal(body, answer));
  return fits ? { kind: 'each', answers: [answer], exact: true } : NONE;
}

/** The fast path: nearly always the order is kept, and ids come back byte for byte. */
function isInOrder(
  body: Buffer,
  answers: readonly RpcAnswer[],
  request: { readonly body: Buffer; readonly calls: readonly RpcCall[] },
): boolean {
  if (answers.length !== request.calls.length) return false;
  return request.calls.every((call, index) => {
    const answer = answers[index];
    return (
      answer !== undefined && holdsOutcome(body, answer) && hasSameBytes(body, answer, request.body, call)
    );
  });
}

/** The answers in the order of the calls; undefined when one is missing. */
function matchBatch(
  body: Buffer,
  answers: readonly RpcAnswer[],
  request: { readonly body: Buffer; readonly calls: readonly RpcCall[] },
): RpcAnswer[] | undefined {
  const left = answers.filter((answer) => holdsOutcome(body, answer));
  const matched = request.calls.map((): RpcAnswer | undefined => undefined);
  // By bytes first: two numbers beyond 2^53 may be one value but differ in their bytes.
  for (const keyOf of [idBytes, idKey]) {
    const queues = queuesById(body, left.splice(0), keyOf);
    for (const [index, call] of request.calls.entries()) {
      // Calls with the same id take their answers in turn.
      matched[index] ??= queues.get(keyOf(request.body, call.idStart, call.idEnd))?.shift();
    }
    left.push(...[...queues.values()].flat());
  }
  // Nodes refuse an item without its id when they could not parse it.
  const refusals = left.filter((answer) => isRefusal(body, answer));
  const whole: RpcAnswer[] = [];
  for (const answer of matched) {
    const found = answer ?? refusals.shift();
    if (!found) return undefined;
    whole.push(found);
  }
  return whole;
}

function queuesById(
  body: Buffer,
  answers: readonly RpcAnswer[],
  keyOf: (bytes: Buffer, start: number, end: number) => string,
): Map<string, RpcAnswer[]> {
  const queues = new Map<string, RpcAnswer[]>();
  for (const answer of answers) {
    const key = answer.idStart < 0 ? NO_ID : keyOf(body, answer.idStart, answer.idEnd);
    const queue = queues.get(key);
    if (queue) queue.push(answer);
    else queues.set(key, [answer]);
  }
  return queues;
}

function holdsOutcome(body: Buffer, answer: RpcAnswer): boolean {
  return answer.resultStart >= 0 || isError(body, answer);
}

/** An error without an id of its own; `"error":null` next to a result is none. */
function isRefusal(body: Buffer, answer: RpcAnswer): boolean {
  if (!isError(body, answer)) return false;
  return answer.idStart < 0 || body.toString('latin1', answer.idStart, answer.idEnd) === 'null';
}

/** Whether an answer is an error; old nodes send `"error":null` next to a result. */
export function isError(body: Buffer, answer: RpcAnswer): boolean {
  return answer.errorStart >= 0 && body[answer.errorStart] !== 0x6e;
}

function isSameId(body: Buffer, answer: RpcAnswer, requestBody: Buffer, call: RpcCall): boolean {
  if (answer.idStart < 0) return false;
  if (hasSameBytes(body, answer, requestBody, call)) return true;
  return idKey(body, answer.idStart, answer.idEnd) === idKey(requestBody, call.idStart, call.idEnd);
}

/** Whether the answer carries the call's id byte for byte, as it must go to the client. */
export function hasSameBytes(body: Buffer, answer: RpcAnswer, requestBody: Buffer, call: RpcCall): boolean {
  const length = call.idEnd - call.idStart;
  if (answer.idStart < 0 || answer.idEnd - answer.idStart !== length) return false;
  // Ids are short: calling Buffer.compare would cost more.
  let same = 0;
  while (same < length && body[answer.idStart + same] === requestBody[call.idStart + same]) same++;
  return same === length;
}

function idBytes(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('latin1', start, end);
}

/**
 * The same text for ids that are the same JSON value: an upstream may write an id differently from how it was sent
 * (`1.0` as `1`, a number beyond 2^53 rounded), and the client gets its own bytes back.
 */
function idKey(bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString('utf8', start, end);
  if (text.length > LONGEST_ID) return text;
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}
