import type { FailureReason } from '../events.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { readBareError } from '../rpc/bare-error.ts';
import { actions, type RpcErrorVerdict } from '../rpc/errors.ts';
import type { Blame, Rest } from '../upstreams/quarantine.ts';
import type { Protocol } from '../upstreams/suspects.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Asking, askUncounted, BROKE_OFF, type Heard } from './ask.ts';
import { classifyError, messageIn, rpcQuestion } from './rpc-question.ts';

export interface PlainQuestionSettings extends Asking {
  /** Statuses that no answer has. */
  readonly retryStatus: ReadonlySet<number>;
}

const METHOD = 'eth_blockNumber';

/**
 * Asks an upstream what every one that is well can answer, with nothing of a client's in it: `eth_blockNumber`, or
 * a GET of its own path. One that has only ever been heard to speak the other protocol is asked in that one
 * before it is held for sick, and one that fails a GET is asked for a block number unless it is known for plain HTTP:
 * a node may answer every GET with 500. Resolves to what it is to blame for; undefined when it answered. Never rejects.
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
  const heard = await askUncounted(upstream, question, settings);
  // It is this machine that is short of something.
  if (heard.kind === 'not-asked') return undefined;
  if (heard.kind === 'failed') return { reason: heard.reason };
  if (heard.kind === 'silence') return { reason: 'timeout' };
  return protocol === 'rpc' ? judgeRpc(heard, settings) : judgeHttp(heard, settings);
}

type Answer = Extract<Heard, { kind: 'answer' }>;

function judgeRpc(answer: Answer, settings: PlainQuestionSettings): Blame | undefined {
  const { status, body, ending } = answer;
  const message = ending === 'whole' ? messageIn(body) : undefined;
  if (message?.error !== undefined)
    return blameOf(classifyError(message.error, METHOD, status), restOf(answer, settings));
  if (message) return undefined;
  if (ending === 'unfinished') return { reason: 'timeout' };
  if (ending === 'cut') return { reason: 'cut' };
  const rest = restOf(answer, settings);
  const said = status >= 400 && ending === 'whole' ? readBareError(body, status) : undefined;
  const blame = said && blameOf(said, rest);
  // Clients know where it speaks JSON-RPC (`/ext/bc/C/rpc`): not at its base path. Theirs blames nobody for it either.
  if (!blame && ELSEWHERE.has(status)) return undefined;
  return blame ?? judgeHttp(answer, settings) ?? { reason: REFUSALS.get(status) ?? 'not-an-answer' };
}

/** What a status says to a JSON-RPC question, without a word. */
const REFUSALS: ReadonlyMap<number, FailureReason> = new Map([
  [401, 'auth'],
  [402, 'plan'],
  [403, 'auth'],
]);

/** Nothing stands at this path, or nothing that takes a POST. */
const ELSEWHERE: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 404, 405, 410, 415]);

/** Any answer will do: what stands at the path we don't know. */
function judgeHttp(answer: Answer, settings: PlainQuestionSettings): Blame | undefined {
  const { status, ending, retryAfter } = answer;
  if (status === 429) return { reason: 'rate-limited', rest: restOf(answer, settings) };
  if (status === 503 && retryAfter !== undefined) return { reason: 'status', rest: restOf(answer, settings) };
  if (settings.retryStatus.has(status)) return { reason: 'status' };
  return BROKE_OFF[ending] ? { reason: 'cut' } : undefined;
}

/** One that lacks the method lives. */
function blameOf(verdict: RpcErrorVerdict, stated: Rest | undefined): Blame | undefined {
  const { blame, banMethod } = actions[verdict.class];
  if (blame === undefined || banMethod) return undefined;
  return { reason: blame, rest: verdict.rest ?? stated };
}

function restOf({ retryAfter }: Answer, { clock }: PlainQuestionSettings): Rest | undefined {
  const ms = parseRetryAfter(retryAfter, clock.wallMs());
  return ms === undefined ? undefined : { kind: 'for', ms };
}
