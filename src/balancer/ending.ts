/** How the search for an answer ends. */

import type { Ledger } from '../calls/ledger.ts';
import type { AnswerCode } from '../errors.ts';
import type { Answered, Switched } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Ended } from './ended.ts';
import type { Exchange } from './exchange.ts';

/** What `conclude` makes an answer of. */
export type Ending =
  /** This answer as it is. */
  | { readonly kind: 'deliver'; readonly answered: Answered; readonly upstream: Upstream }
  /** The upstream speaks the other protocol that was asked for. */
  | { readonly kind: 'tunnel'; readonly switched: Switched; readonly upstream: Upstream }
  | { readonly kind: 'refuse'; readonly code: AnswerCode }
  | { readonly kind: 'client-left' }
  /** What the ledger of a JSON-RPC request holds; `last` where it holds nothing. */
  | { readonly kind: 'ledger'; readonly ledger: Ledger; readonly last: LastAnswer | undefined }
  /** No attempt gave a usable answer, or none could be made. */
  | { readonly kind: 'failed'; readonly last: LastAnswer | undefined };

/** The last attempt's HTTP answer, not usable but real. */
export interface LastAnswer {
  readonly answered: Answered;
  readonly upstream: Upstream;
  /** The upstream is to blame for it. */
  readonly blamed: boolean;
}

/** The ending that an attempt brings by itself, whatever others may bring; undefined where the search goes on. */
export function endingOf(exchange: Exchange, ended: Ended): Ending | undefined {
  const { outcome, verdict, upstream } = ended;
  switch (outcome.kind) {
    case 'client-left':
      return { kind: 'client-left' };
    case 'out-of-time':
      return outOfTime(exchange);
    case 'out-of-room':
      return outOfRoom(exchange);
    case 'upload-failed':
      return { kind: 'refuse', code: outcome.code };
    case 'switched':
      return { kind: 'tunnel', switched: outcome, upstream };
    case 'answered': {
      const passes = verdict.next === 'deliver' && !verdict.calls && answersCalls(exchange, ended);
      return passes ? { kind: 'deliver', answered: outcome, upstream } : undefined;
    }
    case 'unreachable':
    case 'shortage':
    case 'timed-out':
    case 'broken':
    case 'upload-cut':
    case 'superseded':
      return undefined;
    default:
      return outcome satisfies never;
  }
}

/** The request's own time is over. What upstreams have said to some calls of a batch is worth more than one refusal. */
export function outOfTime({ ledger }: Exchange): Ending {
  const keepsSome = ledger?.entries.some(({ answer }) => answer?.upstream);
  return keepsSome && ledger
    ? { kind: 'ledger', ledger, last: undefined }
    : { kind: 'refuse', code: 'REQUEST_TIMED_OUT' };
}

/** The rest of a batch can't be held while so much else is. */
function outOfRoom({ ledger }: Exchange): Ending {
  for (const entry of ledger?.entries ?? []) if (entry.state === 'open') entry.ownCode = 'OVERLOADED';
  return ledger ? { kind: 'ledger', ledger, last: undefined } : { kind: 'refuse', code: 'OVERLOADED' };
}

/** Whether an attempt's answer can be one to the client: one to notifications only answers none of the other calls. */
function answersCalls({ ledger }: Exchange, { question }: Ended): boolean {
  return question.asked.length > 0 || !ledger?.entries.length;
}

/**
 * Which HTTP answer the client gets if no better one comes: for another protocol the first that refuses the client,
 * for JSON-RPC the first that blames no upstream, otherwise that of the last attempt. The other one's stream is
 * cancelled.
 */
export function keepBetter(
  exchange: Exchange,
  before: LastAnswer | undefined,
  ended: Ended,
): LastAnswer | undefined {
  const now = answersCalls(exchange, ended) ? answerOf(ended) : undefined;
  const keepsFirst = before !== undefined && (now === undefined || !isBetter(exchange, now, before));
  const keeps = keepsFirst && (exchange.upgrade !== undefined || exchange.ledger !== undefined);
  (keeps ? now : before)?.answered.stream?.cancel();
  return keeps ? before : now;
}

function answerOf({ outcome, verdict, upstream }: Ended): LastAnswer | undefined {
  if (outcome.kind !== 'answered') return undefined;
  return { answered: outcome, upstream, blamed: verdict.blames.length > 0 };
}

function isBetter({ upgrade }: Exchange, now: LastAnswer, before: LastAnswer): boolean {
  if (upgrade) return refusesClient(now) && !refusesClient(before);
  return before.blamed || before.answered.status < 400;
}

/** It is the client that is refused, not a request too many. */
function refusesClient({ answered: { status } }: LastAnswer): boolean {
  return status >= 400 && status <= 499 && status !== 429;
}
