import type { CallEntry } from '../calls/ledger.ts';
import type { AttemptOutcome } from '../transport/outcome.ts';
import type { Blame } from '../upstreams/quarantine.ts';
import { isCertain } from '../upstreams/suspects.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';
import type { Verdict } from './judge.ts';
import { withoutOwnCredentials } from './own-credentials.ts';
import type { BalancerParts } from './parts.ts';

/** An attempt that is over. */
export interface Finished {
  readonly upstream: Upstream;
  readonly trial: boolean;
  readonly asked: readonly CallEntry[];
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
  /** Monotonic milliseconds. */
  readonly startedMs: number;
}

/** Takes down what an attempt tells of its upstream: who rests, which methods it lacks, and who is well. */
export function learn(exchange: Exchange, finished: Finished, parts: BalancerParts): void {
  const { upstream, outcome, verdict, trial } = finished;
  if (verdict.blames.length > 0) upstream.failures += 1;
  for (const blame of inContext(exchange, finished)) {
    if (blame.method !== undefined) banMethod(upstream, blame, blame.method, parts);
    else if (isCertain(blame)) parts.quarantine.add(upstream, blame);
    else suspect(exchange, upstream, blame, parts);
  }
  const spoke = outcome.kind === 'answered' || outcome.kind === 'switched';
  if (!spoke || verdict.blames.some(isAboutWhole)) return;
  noteAnswer(exchange, finished, parts);
  if (trial) parts.quarantine.release(upstream, 'trial');
}

/** Holds an upstream for suspect where a request failed in a way that it may have caused. */
export function suspect(
  exchange: Exchange,
  upstream: Upstream,
  blame: Blame,
  { suspects }: Pick<BalancerParts, 'suspects'>,
): void {
  const mayPutOut = !exchange.hasSuspect && !blame.weak;
  exchange.hasSuspect ||= mayPutOut;
  suspects.suspect(upstream, blame, {
    protocol: exchange.ledger ? 'rpc' : 'http',
    mayPutOut,
    sinceMs: exchange.startedMs,
  });
}

/** One that only lacks a method is well. */
function isAboutWhole({ reason, method }: Blame): boolean {
  return method === undefined && reason !== 'method-unsupported';
}

/** The blames that are left when it is considered what the request itself may have caused. */
function inContext(exchange: Exchange, { upstream, asked, outcome, verdict, startedMs }: Finished) {
  const { blames } = verdict;
  if (outcome.kind === 'answered') return withoutOwnCredentials(blames, outcome.status, exchange);
  if (outcome.kind !== 'timed-out' || upstream.answeredMs < startedMs) return blames;
  // It answered others meanwhile: it is the call that takes so long there, or calls of its kind.
  const [only, ...more] = new Set(asked.map(({ call }) => call.method));
  return only === undefined || more.length > 0 ? [] : blames.map((blame) => ({ ...blame, method: only }));
}

function banMethod(
  upstream: Upstream,
  blame: Blame,
  method: string,
  { quarantine, clock }: BalancerParts,
): void {
  const lacks = blame.reason === 'method-unsupported';
  // Behind one URL there may be several nodes, and a text may be misread.
  if (lacks && upstream.recentMethods.takeDoubt(method, clock.monotonicMs())) return;
  quarantine.add(upstream, blame);
}

function noteAnswer(
  { ledger }: Exchange,
  { upstream, asked, outcome, verdict }: Finished,
  parts: BalancerParts,
): void {
  const nowMs = parts.clock.monotonicMs();
  upstream.answeredMs = nowMs;
  if (verdict.rpc) upstream.answers.rpc = true;
  else if (!ledger && outcome.kind === 'answered' && outcome.status <= 299) upstream.answers.http = true;
  parts.quarantine.succeeded(upstream);
  parts.suspects.cleared(upstream);
  const { rpc } = verdict;
  if (!rpc) return;
  for (let index = 0; index < asked.length; index += 1) {
    const judged = rpc.calls[index];
    const method = asked[index]?.call.method;
    if (judged?.kind === 'settle' && !judged.isError && method !== undefined)
      upstream.recentMethods.answered(method, nowMs);
  }
}
