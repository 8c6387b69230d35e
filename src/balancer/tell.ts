import type { AttemptOutcome } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';
import type { Verdict } from './judge.ts';
import type { LastAnswer } from './parts.ts';

/** An attempt that brought nothing to deliver. */
export interface Fruitless {
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
  readonly upstream: Upstream;
}

/**
 * Which HTTP answer the client is told when nobody does better: of a request for another protocol the first that
 * refuses the client, of JSON-RPC the first that is nobody's fault, else that of the last attempt. The stream of
 * the other one is cancelled.
 */
export function toTell(
  exchange: Exchange,
  before: LastAnswer | undefined,
  fruitless: Fruitless | false,
): LastAnswer | undefined {
  const now = fruitless ? answerOf(fruitless) : undefined;
  const keepsFirst = before !== undefined && (now === undefined || !isBetter(exchange, now, before));
  const keeps = keepsFirst && (exchange.upgrade !== undefined || exchange.ledger !== undefined);
  (keeps ? now : before)?.answered.stream?.cancel();
  return keeps ? before : now;
}

function answerOf({ outcome, verdict, upstream }: Fruitless): LastAnswer | undefined {
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
