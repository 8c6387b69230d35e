import type { Quarantine } from '../upstreams/quarantine.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { type Candidate, Candidates } from './candidates.ts';
import { classify } from './classify.ts';
import { conclude } from './conclude.ts';
import type { Exchange } from './exchange.ts';
import { forward } from './forward.ts';
import { type Asked, judge, type Verdict } from './judge.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { BalancerParts, Ending } from './parts.ts';
import { receiveBody } from './receive.ts';

/** The life of a request: classified, forwarded to one candidate after the other, judged, answered. */
export async function balance(exchange: Exchange, parts: BalancerParts): Promise<void> {
  const ending = await lookForAnswer(exchange, parts);
  await conclude(exchange, ending, parts);
}

async function lookForAnswer(exchange: Exchange, parts: BalancerParts): Promise<Ending> {
  const received = await receiveBody(exchange, parts.limits, parts.clock);
  if (received === 'client-left') return { kind: 'client-left' };
  const refusal =
    received ?? classify(exchange, parts.limits) ?? (parts.draining() ? 'SHUTTING_DOWN' : undefined);
  if (refusal) return { kind: 'refuse', code: refusal };

  const candidates = new Candidates(parts.candidates);
  let failed: Ending = { kind: 'failed', outcome: undefined, upstream: undefined };
  while (exchange.attempts.length < parts.limits.maxAttempts) {
    const candidate = candidates.next();
    if (!candidate) break;
    if (failed.outcome) drop(failed.outcome);
    const { outcome, verdict } = await attempt(exchange, candidate, parts);
    const { upstream } = candidate;
    if (verdict.next === 'deliver') return { kind: 'deliver', outcome, upstream };
    if (outcome.kind === 'client-left') return outcome;
    if (outcome.kind === 'out-of-time') return { kind: 'refuse', code: 'REQUEST_TIMED_OUT' };
    if (outcome.kind === 'upload-failed') return { kind: 'refuse', code: outcome.code };
    failed = { kind: 'failed', outcome, upstream };
    if (verdict.next === 'stop') break;
    if (isOutOfTime(exchange, parts)) return { kind: 'refuse', code: 'REQUEST_TIMED_OUT' };
  }
  return failed;
}

/** One attempt, with all that it teaches about its upstream. */
async function attempt(
  exchange: Exchange,
  { upstream, trial }: Candidate,
  parts: BalancerParts,
): Promise<{ outcome: AttemptOutcome; verdict: Verdict }> {
  const { clock, candidates } = parts;
  const startedMs = clock.monotonicMs();
  if (trial) candidates.trials.set(upstream, (candidates.trials.get(upstream) ?? 0) + 1);
  upstream.attempts += 1;
  const outcome = await forward(exchange, upstream, parts.wire);
  if (trial) endTrial(upstream, candidates.trials);
  const durationMs = clock.monotonicMs() - startedMs;
  const verdict = judge(outcome, asked(exchange, parts));
  if (outcome.kind === 'answered' || outcome.kind === 'timed-out') {
    candidates.strategies[upstream.tier].observe?.(upstream, durationMs);
  }
  learn(upstream, verdict, trial, parts.quarantine);
  const result = verdict.blame?.reason ?? (verdict.next === 'deliver' ? 'answered' : 'client-left');
  exchange.attempts.push({ upstream, result });
  parts.announcer.announce({ type: 'attempt-finished', upstream, result, durationMs });
  return { outcome, verdict };
}

function asked(exchange: Exchange, { retryStatus, clock }: BalancerParts): Asked {
  const { rpc, wantsAnswer, repeat } = exchange;
  return {
    rpc: rpc !== undefined,
    batch: rpc?.batch ?? false,
    wantsAnswer,
    repeat,
    retryStatus,
    wallMs: clock.wallMs(),
  };
}

function learn(upstream: Upstream, verdict: Verdict, trial: boolean, quarantine: Quarantine): void {
  if (verdict.blame) {
    upstream.failures += 1;
    quarantine.punish(upstream, verdict.blame);
  } else if (verdict.next === 'deliver') {
    quarantine.succeeded(upstream);
    if (trial) quarantine.release(upstream, 'trial');
  }
}

function endTrial(upstream: Upstream, trials: Map<Upstream, number>): void {
  const left = (trials.get(upstream) ?? 1) - 1;
  if (left > 0) trials.set(upstream, left);
  else trials.delete(upstream);
}

/** An answer that is not used must not hold its connection. */
function drop(outcome: AttemptOutcome): void {
  if (outcome.kind === 'answered') outcome.stream?.cancel();
}

function isOutOfTime(exchange: Exchange, parts: BalancerParts): boolean {
  return exchange.body.kind === 'kept' && parts.clock.monotonicMs() >= exchange.deadlineMs;
}
