/** Asks an upstream what every healthy one can answer, with nothing of a client's in it. */

import type { FailureReason } from '../events.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { readBareError } from '../rpc/bare-error.ts';
import { actions, type RpcErrorVerdict } from '../rpc/errors.ts';
import type { Blame, Rest } from '../upstreams/quarantine.ts';
import type { Protocol } from '../upstreams/suspects.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Asking, type AskResult, askUncounted, BROKE_OFF } from './ask.ts';
import { classifyError, messageIn, rpcQuestion } from './rpc-question.ts';

export interface PlainQuestionSettings extends Asking {
  /** Statuses that don't count as an answer. */
  readonly retryStatus: ReadonlySet<number>;
}

const METHOD = 'eth_blockNumber';

/**
 * Asks for `eth_blockNumber`, or with a GET for the upstream's own path. An upstream that has only ever answered in the
 * other protocol is asked in that one, too, before it is considered faulty, and one that fails a GET is asked for a
 * block number unless it is known to serve plain HTTP only: a node may answer every GET with 500. Resolves to what the
 * upstream is to blame for; undefined when it answered. Never rejects.
 */
export async function askPlainQuestion(
  upstream: Upstream,
  protocol: Protocol,
  settings: PlainQuestionSettings,
): Promise<Blame | undefined> {
  const blame = await askIn(upstream, protocol, settings);
  const other = protocol === 'rpc' ? 'http' : 'rpc';
  const isPlainHttp = upstream.answers.http && !upstream.answers.rpc;
  const maySpeakOther = other === 'http' ? isPlainHttp : !isPlainHttp;
  return blame && maySpeakOther ? askIn(upstream, other, settings) : blame;
}

async function askIn(
  upstream: Upstream,
  protocol: Protocol,
  settings: PlainQuestionSettings,
): Promise<Blame | undefined> {
  const target = upstream.targetOf({ path: '/', query: undefined });
  const question =
    protocol === 'rpc'
      ? rpcQuestion(upstream, METHOD)
      : ({ method: 'GET', target, headers: { accept: '*/*' } } as const);
  const result = await askUncounted(upstream, question, settings);
  // This machine is out of some resource.
  if (result.kind === 'not-asked') return undefined;
  if (result.kind === 'failed') return { reason: result.reason };
  if (result.kind === 'timeout') return { reason: 'timeout' };
  return protocol === 'rpc' ? judgeRpc(result, settings) : judgeHttp(result, settings);
}

type Answer = Extract<AskResult, { kind: 'answer' }>;

function judgeRpc(answer: Answer, settings: PlainQuestionSettings): Blame | undefined {
  const { status, body, ending } = answer;
  const message = ending === 'whole' ? messageIn(body) : undefined;
  if (message?.error !== undefined)
    return blameOf(classifyError(message.error, METHOD, status), restOf(answer, settings));
  if (message) return undefined;
  if (ending === 'unfinished') return { reason: 'timeout' };
  if (ending === 'cut') return { reason: 'cut' };
  const rest = restOf(answer, settings);
  const bareError = status >= 400 && ending === 'whole' ? readBareError(body, status) : undefined;
  const blame = bareError && blameOf(bareError, rest);
  // It may serve JSON-RPC at a path that clients know (`/ext/bc/C/rpc`), not at its base path. Clients' requests with
  // such a status don't put the blame on it either.
  if (!blame && ELSEWHERE.has(status)) return undefined;
  return blame ?? judgeHttp(answer, settings) ?? { reason: REFUSALS.get(status) ?? 'not-an-answer' };
}

/** What a status alone means as the answer to a JSON-RPC question. */
const REFUSALS: ReadonlyMap<number, FailureReason> = new Map([
  [401, 'auth'],
  [402, 'plan'],
  [403, 'auth'],
]);

/** There is nothing at this path, or nothing that accepts a POST. */
const ELSEWHERE: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 404, 405, 410, 415]);

/** Any answer will do: what is at the path is not known. */
function judgeHttp(answer: Answer, settings: PlainQuestionSettings): Blame | undefined {
  const { status, ending, headers } = answer;
  if (status === 429) return { reason: 'rate-limited', rest: restOf(answer, settings) };
  if (status === 503 && headers['retry-after'] !== undefined)
    return { reason: 'status', rest: restOf(answer, settings) };
  if (settings.retryStatus.has(status)) return { reason: 'status' };
  return BROKE_OFF[ending] ? { reason: 'cut' } : undefined;
}

/** An upstream that lacks the method is alive, and not to blame. */
function blameOf(verdict: RpcErrorVerdict, stated: Rest | undefined): Blame | undefined {
  const { blame, banMethod } = actions[verdict.class];
  if (blame === undefined || banMethod) return undefined;
  return { reason: blame, rest: verdict.rest ?? stated };
}

function restOf({ headers }: Answer, { clock }: PlainQuestionSettings): Rest | undefined {
  const ms = parseRetryAfter(headers['retry-after'], clock.wallMs());
  return ms === undefined ? undefined : { kind: 'for', ms };
}
