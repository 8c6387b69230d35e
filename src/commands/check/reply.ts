/** Reads what an upstream answers to a question of the check. */

import { type AskResult, BROKE_OFF } from '../../probes/ask.ts';
import { classifyError, messageIn } from '../../probes/rpc-question.ts';
import { readBareError } from '../../rpc/bare-error.ts';
import { classifyRpcStatus, type RpcErrorClass, type RpcErrorVerdict } from '../../rpc/errors.ts';
import type { SecretTexts } from '../../secret-texts.ts';
import type { Refusal } from './finding.ts';
import { shownText } from './shown-text.ts';

export type Reply =
  | { readonly kind: 'result'; readonly result: unknown }
  /** A JSON-RPC error, or a gateway's in place of an answer. `says` may be shown. */
  | { readonly kind: 'error'; readonly verdict: RpcErrorVerdict; readonly says: string }
  /** HTTP without JSON-RPC. `software` may be shown. */
  | {
      readonly kind: 'no-rpc';
      readonly status: number;
      readonly software: string | undefined;
      readonly problem: string;
    }
  /** No connection, or no answer on it. */
  | { readonly kind: 'failed'; readonly problem: string }
  | { readonly kind: 'silent'; readonly problem: string }
  | { readonly kind: 'not-tried'; readonly why: string };

type Answer = Extract<AskResult, { kind: 'answer' }>;

/** What was asked. */
export interface AskedFor {
  readonly method: string;
  readonly timeoutMs: number;
  readonly secrets: SecretTexts;
}

const MAX_SAID = 100;
const MAX_SOFTWARE = 40;

/** Whether it wants to be asked nothing more. */
const REFUSALS: Readonly<Partial<Record<RpcErrorClass, Refusal>>> = {
  throttled: 'rate-limited',
  plan: 'plan used up',
  auth: 'not authorized',
};

/** Statuses that say what is meant without a body. */
const TELLING: ReadonlySet<number> = new Set([401, 402, 403, 413, 429]);

export function refusalIn(reply: Reply): Refusal | undefined {
  return reply.kind === 'error' ? REFUSALS[reply.verdict.class] : undefined;
}

/** The reply in an answer to one call. */
export function readReply(result: AskResult, asked: AskedFor): Reply {
  if (result.kind !== 'answer') return withoutAnswer(result, asked);
  if (result.ending === 'unfinished') return silent(asked);
  const message = result.ending === 'whole' ? messageIn(result.body) : undefined;
  if (message?.error !== undefined) return errorReply(message.error, result.status, asked);
  if (message && 'result' in message) return { kind: 'result', result: message.result };
  return withoutRpc(result, asked);
}

/** The reply in an answer to a batch: one error for all, or its items. */
export function readBatchReply(result: AskResult, asked: AskedFor): Reply {
  if (result.kind !== 'answer' || result.ending !== 'whole') return readReply(result, asked);
  const items = itemsIn(result.body);
  if (!items) return readReply(result, asked);
  const error = items.find(isLimit);
  return error ? errorReply(error.error, result.status, asked) : { kind: 'result', result: items };

  function isLimit(item: unknown): item is { readonly error: object } {
    if (typeof item !== 'object' || item === null || !('error' in item)) return false;
    if (typeof item.error !== 'object' || item.error === null) return false;
    const { class: meaning } = classifyError(item.error, asked.method, 200);
    return REFUSALS[meaning] !== undefined || meaning === 'batch-too-large';
  }
}

/** The words for an error that is shown as a reason. */
export function reasonOf(reply: Exclude<Reply, { kind: 'result' }>): string {
  switch (reply.kind) {
    case 'error':
      return reply.says;
    case 'not-tried':
      return reply.why;
    case 'no-rpc':
    case 'failed':
    case 'silent':
      return reply.problem;
    default:
      return reply satisfies never;
  }
}

function withoutAnswer(result: Exclude<AskResult, Answer>, asked: AskedFor): Reply {
  switch (result.kind) {
    case 'timeout':
      return silent(asked);
    case 'not-asked':
      return { kind: 'not-tried', why: result.problem };
    case 'failed':
      return { kind: 'failed', problem: result.problem };
    default:
      return result satisfies never;
  }
}

function silent({ timeoutMs }: AskedFor): Reply {
  return { kind: 'silent', problem: `no answer within ${Math.round(timeoutMs)} ms` };
}

function withoutRpc({ status, body, ending, headers }: Answer, { secrets }: AskedFor): Reply {
  const bare = status >= 400 && ending === 'whole' ? readBareError(body, status) : undefined;
  if (bare && REFUSALS[bare.class] !== undefined)
    return { kind: 'error', verdict: bare, says: `HTTP ${status}` };
  const meaning = TELLING.has(status) ? classifyRpcStatus(status) : undefined;
  if (meaning !== undefined)
    return { kind: 'error', verdict: { class: meaning, byStatus: true }, says: `HTTP ${status}` };
  const what = BROKE_OFF[ending]
    ? 'answer cut off'
    : ending === 'whole'
      ? 'no JSON-RPC'
      : 'too long an answer';
  return {
    kind: 'no-rpc',
    status,
    software: softwareOf(headers, secrets),
    problem: `HTTP ${status}, ${what}`,
  };
}

/** What the server calls itself. */
export function softwareOf(headers: Answer['headers'], secrets: SecretTexts): string | undefined {
  const software = String(headers['server'] ?? '');
  return shownText(software, secrets, MAX_SOFTWARE) || undefined;
}

function errorReply(error: object, httpStatus: number, { method, secrets }: AskedFor): Reply {
  const verdict = classifyError(error, method, httpStatus);
  const code = 'code' in error && typeof error.code === 'number' ? `error ${error.code}` : 'an error';
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  const words = shownText(message, secrets, MAX_SAID);
  return { kind: 'error', verdict, says: words === '' ? code : `${code}: ${words}` };
}

function itemsIn(body: Buffer): readonly unknown[] | undefined {
  try {
    const items: unknown = JSON.parse(body.toString('utf8'));
    return Array.isArray(items) ? items : undefined;
  } catch {
    return undefined;
  }
}
