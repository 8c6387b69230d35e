/** Finds out what an upstream's JSON-RPC error means, considering what the client wrote itself. */

import type { RequestHeaders } from '../http/request-headers.ts';
import type { Target } from '../http/target.ts';
import { ClientWords } from '../rpc/client-words.ts';
import { readError } from '../rpc/error-object.ts';
import { classifyRpcError, type RpcErrorFacts, type RpcErrorVerdict } from '../rpc/errors.ts';
import type { RpcAnswer, RpcCall } from '../rpc/message.ts';
import { carriesTransaction } from '../rpc/methods.ts';

/** An error as an upstream sent it. */
export interface SentError {
  /** The answer's unpacked body, which `answer` has offsets into. */
  readonly text: Buffer;
  readonly answer: RpcAnswer;
  readonly httpStatus: number;
  /** The client's body, which the calls have offsets into. */
  readonly body: Buffer;
  /** What else the client wrote: gateways quote paths and header lines in errors. */
  readonly head: RequestHead;
}

/** The parts of a request's head that the client wrote. */
export interface RequestHead {
  readonly target: Target;
  readonly headers: Pick<RequestHeaders, 'forward' | 'authorization' | 'host' | 'requestId'>;
}

/** A request's head as one text. */
export function textOfHead({ target, headers }: RequestHead): string {
  const { forward, authorization = [], host = '', requestId = '' } = headers;
  return [target.path, target.query ?? '', host, requestId, ...forward, ...authorization].join(' ');
}

/** What the error of one call means. The client's words from that call are ignored in its text. */
export function meaningOf(error: SentError, call: RpcCall): RpcErrorVerdict {
  return classifyRpcError(factsOf(error, call.method, wordsOf(call, error)));
}

/**
 * What a single refusal of several calls means, judged once for all of them. It may quote any of them, and is not about
 * a method when they have several.
 */
export function meaningForAll(error: SentError, calls: readonly RpcCall[]): RpcErrorVerdict {
  const methods = [...new Set(calls.map(({ method = '' }) => method))];
  const method = methods.find(carriesTransaction) ?? (methods.length === 1 ? methods[0] : undefined);
  const words = new ClientWords(() => `${error.body.toString('utf8')} ${textOfHead(error.head)}`);
  return classifyRpcError(factsOf(error, method, words));
}

/** What the client wrote in a call and in the head. The names of JSON-RPC's own members are not the client's words. */
function wordsOf(call: RpcCall, { body, head }: SentError): ClientWords {
  const textOf = (start: number, end: number) => (start < 0 ? '' : body.toString('utf8', start, end));
  return new ClientWords(() => {
    const around = textOfHead(head);
    if (call.ambiguous) return `${textOf(call.start, call.end)} ${around}`;
    const { method, idStart, idEnd, paramsStart, paramsEnd } = call;
    return `${method} ${textOf(idStart, idEnd)} ${textOf(paramsStart, paramsEnd)} ${around}`;
  });
}

function factsOf(sent: SentError, method: string | undefined, words: ClientWords): RpcErrorFacts {
  const { text, answer, httpStatus } = sent;
  const error = readError(text, answer.errorStart, answer.errorEnd);
  if (typeof error !== 'object' || error === null) {
    // Toncenter's error is a string, with its code in a member beside it.
    const code = codeIn(readError(text, answer.start, answer.end));
    return { httpStatus, code, message: String(error ?? ''), data: undefined, method, words };
  }
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  const data: unknown = 'data' in error ? error.data : undefined;
  return { httpStatus, code: codeIn(error), message, data, method, whole: error, words };
}

function codeIn(error: unknown): number | undefined {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : Number.NaN;
  return Number.isFinite(code) ? code : undefined;
}
