/** What a JSON-RPC error means, read with the client's own words at hand. */
import type { RequestHeaders } from '../http/request-headers.ts';
import type { Target } from '../http/target.ts';
import { ClientWords } from '../rpc/client-words.ts';
import { readError } from '../rpc/error-object.ts';
import { classifyRpcError, type RpcErrorFacts, type RpcErrorVerdict } from '../rpc/errors.ts';
import type { RpcAnswer, RpcCall } from '../rpc/message.ts';
import { carriesTransaction } from '../rpc/methods.ts';

/** An error as an upstream has sent it. */
export interface SentError {
  /** The answer's readable body, in which the answer's offsets stand. */
  readonly text: Buffer;
  readonly answer: RpcAnswer;
  readonly httpStatus: number;
  /** The client's body, in which the calls' offsets stand. */
  readonly body: Buffer;
  /** What else the client wrote: gateways quote paths and header lines. */
  readonly head: RequestHead;
}

/** What of a request's head its client has written. */
export interface RequestHead {
  readonly target: Target;
  readonly headers: Pick<RequestHeaders, 'forward' | 'authorization' | 'host' | 'requestId'>;
}

/** All that stands in a request's head, as one text. */
export function textOfHead({ target, headers }: RequestHead): string {
  const { forward, authorization = [], host = '', requestId = '' } = headers;
  return [target.path, target.query ?? '', host, requestId, ...forward, ...authorization].join(' ');
}

/** What the error of one call means. Its text is read without the words of that call. */
export function meaningOf(error: SentError, call: RpcCall): RpcErrorVerdict {
  return classifyRpcError(factsOf(error, call.method, wordsOf(call, error)));
}

/**
 * What one refusal of several calls means: judged once, however many they are. It may quote any of them, and is
 * about no method when there are several.
 */
export function meaningForAll(error: SentError, calls: readonly RpcCall[]): RpcErrorVerdict {
  const methods = [...new Set(calls.map(({ method = '' }) => method))];
  const method = methods.find(carriesTransaction) ?? (methods.length === 1 ? methods[0] : undefined);
  const words = new ClientWords(() => `${error.body.toString('utf8')} ${textOfHead(error.head)}`);
  return classifyRpcError(factsOf(error, method, words));
}

/** What the client wrote in a call, and around it. The names of JSON-RPC's own members are nobody's words. */
function wordsOf(call: RpcCall, { body, head }: SentError): ClientWords {
  const textOf = (start: number, end: number) => (start < 0 ? '' : body.toString('utf8', start, end));
  return new ClientWords(() => {
    const around = textOfHead(head);
    if (call.ambiguous) return `${textOf(call.start, call.end)} ${around}`;
    const { method, idStart, idEnd, paramsStart, paramsEnd } = call;
    return `${method} ${textOf(idStart, idEnd)} ${textOf(paramsStart, paramsEnd)} ${around}`;
  });
}

function factsOf(error: SentError, method: string | undefined, words: ClientWords): RpcErrorFacts {
  const { text, answer, httpStatus } = error;
  const whole = readError(text, answer.errorStart, answer.errorEnd);
  if (typeof whole !== 'object' || whole === null) {
    // Toncenter's error is a text, with its code beside it.
    const code = codeIn(readError(text, answer.start, answer.end));
    return { httpStatus, code, message: String(whole ?? ''), data: undefined, method, words };
  }
  const message = 'message' in whole && typeof whole.message === 'string' ? whole.message : '';
  const data: unknown = 'data' in whole ? whole.data : undefined;
  return { httpStatus, code: codeIn(whole), message, data, method, whole, words };
}

function codeIn(error: unknown): number | undefined {
  const code =
    typeof error === 'object' && error !== null && 'code' in error ? Number(error.code) : Number.NaN;
  return Number.isFinite(code) ? code : undefined;
}
