/** Puts an operator's call to one upstream, past the balancer and its counters. */

import type { AttemptResult } from '../../events.ts';
import { type Asking, type AskResult, askUncounted } from '../../probes/ask.ts';
import { questionOf } from '../../probes/rpc-question.ts';
import type { Upstream } from '../../upstreams/upstream.ts';
import { type CallResult, type Received, unpacked } from './call-result.ts';

const TIMEOUT_MS = 30_000;
const NOT_IN_TIME = `within ${TIMEOUT_MS / 1_000} s`;

/** With its credentials and header lines, as a client's call. Never rejects. */
export async function callUpstream(
  upstream: Upstream,
  body: string,
  { clock, dialer, signal }: Required<Pick<Asking, 'clock' | 'dialer' | 'signal'>>,
): Promise<CallResult> {
  const startMs = clock.monotonicMs();
  const asking = { timeoutMs: TIMEOUT_MS, clock, dialer, signal };
  const result = await askUncounted(upstream, questionOf(upstream, body), asking);
  const ms = clock.monotonicMs() - startMs;
  const { name } = upstream;
  return {
    ...receivedIn(result),
    ms,
    answeredBy: result.kind === 'answer' ? name : null,
    attempts: result.kind === 'not-asked' ? [] : [{ upstream: name, result: resultOf(result), ms }],
    requestId: null,
  };
}

function receivedIn(result: AskResult): Received {
  const none = { status: null, body: Buffer.alloc(0) };
  switch (result.kind) {
    case 'answer': {
      const { status, headers, body, ending } = result;
      const problems = {
        whole: null,
        'too-large': null,
        unfinished: `not answered whole ${NOT_IN_TIME}`,
        cut: 'the answer broke off',
      } as const;
      return unpacked({ status, body, problem: problems[ending] }, headers['content-encoding']);
    }
    case 'timeout':
      return { ...none, problem: `not answered ${NOT_IN_TIME}` };
    case 'not-asked':
    case 'failed':
      return { ...none, problem: result.problem };
    default:
      return result satisfies never;
  }
}

function resultOf(result: Exclude<AskResult, { kind: 'not-asked' }>): AttemptResult {
  if (result.kind === 'failed') return result.reason;
  if (result.kind === 'timeout' || result.ending === 'unfinished') return 'timeout';
  return result.ending === 'cut' ? 'cut' : 'answered';
}
