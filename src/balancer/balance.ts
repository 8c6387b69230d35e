import type { AnswerCode } from '../errors.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { attempt } from './attempt.ts';
import { type CandidateSource, Candidates } from './candidates.ts';
import { classify } from './classify.ts';
import { conclude } from './conclude.ts';
import type { Exchange } from './exchange.ts';
import type { Entry, Ledger } from './ledger.ts';
import type { BalancerParts, Ending, LastAnswer } from './parts.ts';
import { receiveBody } from './receive.ts';

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
  const refusal = received ?? classify(exchange, parts.classify) ?? notNow(parts);
  if (refusal) return { kind: 'refuse', code: refusal };

  const { ledger } = exchange;
  const candidates = new Candidates(parts.candidates);
  let last: LastAnswer | undefined;
  while (exchange.attempts.length < parts.limits.maxAttempts && !ledger?.done) {
    const candidate = candidates.next((upstream) => mayAsk(exchange, upstream, parts));
    if (!candidate) break;
    last?.answered.stream?.cancel();
    const { upstream } = candidate;
    const asked = ledger?.openFor((entry) => mayGo(entry, upstream, parts)) ?? [];
    const { outcome, verdict } = await attempt(exchange, asked, candidate, parts);
    if (outcome.kind === 'client-left') return outcome;
    if (outcome.kind === 'out-of-time') return outOfTime(ledger);
    if (outcome.kind === 'out-of-room') return outOfRoom(ledger);
    if (outcome.kind === 'upload-failed') return { kind: 'refuse', code: outcome.code };
    if (outcome.kind === 'switched') return { kind: 'tunnel', switched: outcome, upstream };
    if (outcome.kind === 'answered' && asked.length === 0 && ledger?.entries.length) {
      // To notifications only: it answers none of the other items.
      outcome.stream?.cancel();
      last = undefined;
    } else if (outcome.kind === 'answered') {
      if (verdict.next === 'deliver' && !verdict.rpc) return { kind: 'deliver', answered: outcome, upstream };
      last = { answered: outcome, upstream, blamed: verdict.blames.length > 0 };
    } else last = undefined;
    if (verdict.next !== 'another' && (!ledger || ledger.done)) break;
    if (isOutOfTime(exchange, parts)) {
      last?.answered.stream?.cancel();
      return outOfTime(ledger);
    }
  }
  return ledger?.entries.length ? { kind: 'ledger', ledger, last } : { kind: 'failed', last };
}

/** Why no new request is taken at the moment. Asked late, so that JSON-RPC gets an answer of its kind. */
function notNow({ draining, overloaded }: BalancerParts): AnswerCode | undefined {
  if (draining()) return 'SHUTTING_DOWN';
  return overloaded() ? 'OVERLOADED' : undefined;
}

/** Whether an upstream may be asked for anything that is still open. */
function mayAsk({ ledger }: Exchange, upstream: Upstream, parts: BalancerParts): boolean {
  // Notifications go anywhere.
  if (!ledger?.hasOpen) return true;
  return ledger.entries.some((entry) => entry.state === 'open' && mayGo(entry, upstream, parts));
}

function mayGo({ home, call }: Entry, upstream: Upstream, parts: BalancerParts): boolean {
  const { quarantine, candidates } = parts;
  if (home && (home !== upstream || isOutAlone(home, candidates))) return false;
  return call.method === undefined || quarantine.methodSentence(upstream, call.method) === undefined;
}

/** Whether an upstream is out while others are not: then it is not tried for a filter's sake either. */
function isOutAlone(upstream: Upstream, { availability }: CandidateSource): boolean {
  if (availability.standing(upstream).state === 'usable') return false;
  return availability.usable('primary').length + availability.usable('fallback').length > 0;
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
