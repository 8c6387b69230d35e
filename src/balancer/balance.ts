import type { CallEntry, Ledger } from '../calls/ledger.ts';
import type { AnswerCode } from '../errors.ts';
import { attempt } from './attempt.ts';
import { Candidates } from './candidates.ts';
import { classify } from './classify.ts';
import { conclude } from './conclude.ts';
import type { Exchange } from './exchange.ts';
import type { BalancerParts, Ending, LastAnswer } from './parts.ts';
import { receiveBody } from './receive.ts';
import { toTell } from './tell.ts';
import type { WaitEnd } from './trials.ts';
import { CallsWillingness } from './willingness.ts';

/**
 * The life of a request: classified, forwarded to one candidate after the other, judged, answered. `refusal` is
 * why its head alone refuses it.
 */
export async function balance(
  exchange: Exchange,
  refusal: AnswerCode | undefined,
  parts: BalancerParts,
): Promise<void> {
  const ending: Ending = refusal ? { kind: 'refuse', code: refusal } : await lookForAnswer(exchange, parts);
  return conclude(exchange, ending, parts);
}

async function lookForAnswer(exchange: Exchange, parts: BalancerParts): Promise<Ending> {
  const received = await receiveBody(exchange, parts.limits, parts.clock);
  if (received === 'client-left') return { kind: 'client-left' };
  const refusal = received ?? classify(exchange, parts.classify) ?? notNow(exchange, parts);
  if (refusal) return { kind: 'refuse', code: refusal };

  const { ledger } = exchange;
  const candidates = new Candidates(parts.candidates, { countsTrials: exchange.body.kind === 'kept' });
  const willingness = new CallsWillingness(ledger, parts);
  let last: LastAnswer | undefined;
  while (exchange.attempts.length < parts.limits.maxAttempts && !ledger?.done) {
    const candidate = candidates.next(willingness);
    if (candidate === 'wait') {
      const end = await waitForTrial(exchange, parts);
      if (end === 'look-again') continue;
      if (end === 'client-left') return insteadOf(last, { kind: 'client-left' });
    }
    if (!candidate || candidate === 'wait') break;
    const { upstream } = candidate;
    const asked = willingness.callsFor(upstream);
    const { outcome, verdict } = await attempt(exchange, asked, candidate, parts);
    if (outcome.kind === 'client-left') return insteadOf(last, outcome);
    if (outcome.kind === 'out-of-time') return insteadOf(last, outOfTime(ledger));
    if (outcome.kind === 'out-of-room') return insteadOf(last, outOfRoom(ledger));
    if (outcome.kind === 'upload-failed') return insteadOf(last, { kind: 'refuse', code: outcome.code });
    if (outcome.kind === 'switched') return insteadOf(last, { kind: 'tunnel', switched: outcome, upstream });
    if (
      outcome.kind === 'answered' &&
      verdict.next === 'deliver' &&
      !verdict.rpc &&
      answersCalls(ledger, asked)
    )
      return insteadOf(last, { kind: 'deliver', answered: outcome, upstream });
    last = toTell(exchange, last, answersCalls(ledger, asked) && { outcome, verdict, upstream });
    if (verdict.next !== 'another' && (!ledger || ledger.done)) break;
    if (isOutOfTime(exchange, parts)) return insteadOf(last, outOfTime(ledger));
  }
  return ledger?.entries.length ? { kind: 'ledger', ledger, last } : { kind: 'failed', last };
}

/** How it ends where the answer that was kept is not told: what still comes of that one is not waited for. */
function insteadOf(last: LastAnswer | undefined, ending: Ending): Ending {
  last?.answered.stream?.cancel();
  return ending;
}

/** Whether an attempt's answer can be one to the client: one to notifications only answers none of the other items. */
function answersCalls(ledger: Ledger | undefined, asked: readonly CallEntry[]): boolean {
  return asked.length > 0 || !ledger?.entries.length;
}

/** All that may be tried are being tried by other requests: waits for one of them. */
function waitForTrial(exchange: Exchange, { clock, limits, candidates }: BalancerParts): Promise<WaitEnd> {
  exchange.waitEndMs ??= Math.min(clock.monotonicMs() + limits.maxQueueWaitMs, exchange.deadlineMs);
  return candidates.trials.wait(exchange, exchange.waitEndMs);
}

/** Why no new request is taken at the moment. Asked late, so that JSON-RPC gets an answer of its kind. */
function notNow(exchange: Exchange, { draining, overloaded }: BalancerParts): AnswerCode | undefined {
  if (draining()) return 'SHUTTING_DOWN';
  return overloaded() || (exchange.isGreedy && exchange.room === 0) ? 'OVERLOADED' : undefined;
}

/** The rest of a batch can't be held while so much else is. */
function outOfRoom(ledger: Ledger | undefined): Ending {
  for (const entry of ledger?.entries ?? []) if (entry.state === 'open') entry.ownCode = 'OVERLOADED';
  return ledger ? { kind: 'ledger', ledger, last: undefined } : { kind: 'refuse', code: 'OVERLOADED' };
}

/** What upstreams have said to some calls of a batch is worth more than one refusal of all. */
function outOfTime(ledger: Ledger | undefined): Ending {
  const keepsSome = ledger?.entries.some(({ answer }) => answer?.upstream);
  return keepsSome && ledger
    ? { kind: 'ledger', ledger, last: undefined }
    : { kind: 'refuse', code: 'REQUEST_TIMED_OUT' };
}

function isOutOfTime(exchange: Exchange, { clock }: BalancerParts): boolean {
  return exchange.body.kind === 'kept' && clock.monotonicMs() >= exchange.deadlineMs;
}
