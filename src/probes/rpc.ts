/** The rpc probe: an upstream is up when it reports the number of its newest block. */

import { classifyRpcStatus, type RpcErrorClass } from '../rpc/errors.ts';
import { parseHeight, parseQuantity } from '../rpc/quantity.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type AskResult, ask, PROVED_BY_ANSWER } from './ask.ts';
import type { Findings, Probe, ProbeResult, ProbeSettings } from './probe.ts';
import { classifyError, messageIn, rpcQuestion } from './rpc-question.ts';

/** Refusals because a limit is used up; they say nothing against the upstream's health. */
const LIMITS: ReadonlySet<RpcErrorClass> = new Set<RpcErrorClass>(['throttled', 'plan']);

/** What an upstream answered to one question. */
type Reply =
  | { readonly kind: 'result'; readonly result: unknown }
  | { readonly kind: 'limited' }
  /** This machine could not ask. */
  | { readonly kind: 'not-asked'; readonly problem: string }
  | { readonly kind: 'none'; readonly problem: string };

/** Upstreams whose chain id was asked for since they were last found dead. */
const identified = new WeakSet<Upstream>();

/**
 * The chain id is asked for first, once, and again while the upstream is down and after each failed check: another node
 * may have come up behind the URL. An upstream on the wrong chain is asked for nothing else. A refusal for a rate limit
 * or a plan proves that it is alive.
 */
export const rpcProbe: Probe = {
  name: 'rpc',
  proves: PROVED_BY_ANSWER,
  learnsFromAnswers: true,
  async check(upstream, settings) {
    const endMs = settings.clock.monotonicMs() + settings.timeoutMs;
    const reply = (method: string) => askFor(method, upstream, endMs, settings);
    let found: Findings = {};
    if (upstream.down || upstream.chainId === undefined || !identified.has(upstream)) {
      const identity = await reply('eth_chainId');
      if (identity.kind !== 'result') return withoutResult(identity, upstream, found);
      const chainId = parseQuantity(identity.result);
      if (chainId === undefined) return failed(upstream, 'eth_chainId: no chain id in the answer');
      identified.add(upstream);
      found = { chainId: String(chainId) };
      if (upstream.down?.reason === 'wrong-chain') return { up: true, found };
    }
    const newest = await reply('eth_blockNumber');
    if (newest.kind !== 'result') return withoutResult(newest, upstream, found);
    const blockHeight = parseHeight(newest.result);
    if (blockHeight === undefined) return failed(upstream, 'eth_blockNumber: no block number in the answer');
    return { up: true, found: { ...found, blockHeight } };
  },
};

function withoutResult(
  reply: Exclude<Reply, { kind: 'result' }>,
  upstream: Upstream,
  found: Findings,
): ProbeResult {
  if (reply.kind === 'not-asked') return { up: undefined, problem: reply.problem };
  return reply.kind === 'limited' ? { up: true, limited: true, found } : failed(upstream, reply.problem);
}

function failed(upstream: Upstream, problem: string): ProbeResult {
  identified.delete(upstream);
  return { up: false, problem };
}

async function askFor(
  method: string,
  upstream: Upstream,
  endMs: number,
  { timeoutMs, clock, dialer }: ProbeSettings,
): Promise<Reply> {
  const leftMs = Math.max(0, endMs - clock.monotonicMs());
  const result = await ask(upstream, rpcQuestion(upstream, method), { timeoutMs: leftMs, clock, dialer });
  return read(result, method, timeoutMs);
}

function read(result: AskResult, method: string, timeoutMs: number): Reply {
  const none = (problem: string): Reply => ({ kind: 'none', problem });
  if (result.kind === 'not-asked') return result;
  if (result.kind === 'failed') return none(result.problem);
  if (result.kind === 'timeout' || result.ending === 'unfinished')
    return none(`no answer within ${timeoutMs} ms`);
  const { status, body, ending } = result;
  const message = ending === 'whole' ? messageIn(body) : undefined;
  if (message?.error !== undefined) return readError(message.error, method, status);
  if (message && 'result' in message) return { kind: 'result', result: message.result };
  const meaning = classifyRpcStatus(status);
  if (meaning !== undefined && LIMITS.has(meaning)) return { kind: 'limited' };
  if (status < 200 || status > 299) return none(`${method}: status ${status}`);
  if (ending === 'cut') return none(`${method}: answer cut off`);
  return none(`${method}: ${ending === 'too-large' ? 'far too long an answer' : 'no JSON-RPC answer'}`);
}

/** The problem names an error's code and class only: its text may quote the URL. */
function readError(error: object, method: string, httpStatus: number): Reply {
  const code = 'code' in error && typeof error.code === 'number' ? error.code : undefined;
  const { class: meaning } = classifyError(error, method, httpStatus);
  if (LIMITS.has(meaning)) return { kind: 'limited' };
  return { kind: 'none', problem: `${method}: error ${code ?? 'without a code'} (${meaning})` };
}
