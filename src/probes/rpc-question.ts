/** JSON-RPC questions of our own: how they are written, and how their answers are read. */

import { classifyRpcError, type RpcErrorVerdict } from '../rpc/errors.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Question } from './ask.ts';

const ID = 1;

/** The question for a method. */
export function rpcQuestion(upstream: Upstream, method: string, params: readonly unknown[] = []): Question {
  return questionOf(upstream, JSON.stringify({ jsonrpc: '2.0', id: ID, method, params }));
}

/** A batch of so many questions for a method without parameters; their ids are 1, 2, … */
export function batchQuestion(upstream: Upstream, method: string, size: number): Question {
  const calls = Array.from({ length: size }, (_, at) => ({ jsonrpc: '2.0', id: at + 1, method, params: [] }));
  return questionOf(upstream, JSON.stringify(calls));
}

/** The question that a JSON text is. */
export function questionOf(upstream: Upstream, body: string): Question {
  return {
    method: 'POST',
    target: upstream.targetOf({ path: '/', query: undefined }),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'accept-encoding': 'identity',
    },
    body,
  };
}

/** The JSON-RPC answer to the question; nodes that can't parse a question send an error with a null id. */
export function messageIn(body: Buffer): { readonly result?: unknown; readonly error?: object } | undefined {
  let message: unknown;
  try {
    message = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof message !== 'object' || message === null) return undefined;
  const id = 'id' in message ? message.id : null;
  if ('error' in message && typeof message.error === 'object' && message.error !== null) {
    return id === ID || id === null ? { error: message.error } : undefined;
  }
  // Toncenter's error is a text, with its code next to it.
  if (id === ID && 'error' in message && typeof message.error === 'string')
    return { error: { code: 'code' in message ? message.code : undefined, message: message.error } };
  return id === ID && 'result' in message ? { result: message.result } : undefined;
}

/** What the error in such an answer means. */
export function classifyError(error: object, method: string, httpStatus: number): RpcErrorVerdict {
  const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  const data = 'data' in error ? error.data : undefined;
  return classifyRpcError({ httpStatus, code, message, data, method, whole: error });
}
