/** The life of a request: received, classified, asked of one upstream after the other, answered. */

import type { AnswerCode } from '../errors.ts';
import type { Pool } from '../pools/pool.ts';
import { classify } from './classify.ts';
import { conclude } from './conclude.ts';
import { type Ending, endingOf, keepBetter, type LastAnswer, outOfTime } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { Intake } from './intake.ts';
import { Race } from './race.ts';
import { receiveBody } from './receive.ts';

/** `refusal` is why a request is refused by its head alone. Rejects only by a defect. */
export async function balance(
  exchange: Exchange,
  refusal: AnswerCode | undefined,
  pool: Pool,
  intake: Intake,
): Promise<void> {
  const received = refusal ?? (await receiveBody(exchange, intake.body, pool.runtime.clock));
  // Classified first, so that JSON-RPC gets an answer of its kind.
  const end = received ?? classify(exchange, pool, intake.maxBatch) ?? whyNotNow(exchange, intake);
  const ending = end === undefined ? await lookForAnswer(exchange, pool) : endingWithoutAttempt(end);
  return conclude(exchange, ending, pool, intake.tunnels);
}

function endingWithoutAttempt(end: AnswerCode | 'client-left'): Ending {
  return end === 'client-left' ? { kind: end } : { kind: 'refuse', code: end };
}

async function lookForAnswer(exchange: Exchange, pool: Pool): Promise<Ending> {
  const { ledger } = exchange;
  const race = new Race(exchange, pool);
  let last: LastAnswer | undefined;
  while (!ledger?.done) {
    const step = await race.next();
    if (step === 'nobody') break;
    if (step === 'client-left') return race.end(insteadOf(last, { kind: step }));
    const ending = endingOf(exchange, step);
    if (ending) return race.end(insteadOf(last, ending));
    last = keepBetter(exchange, last, step);
    if (step.verdict.next !== 'another' && (!ledger || ledger.done)) break;
    if (isOutOfTime(exchange, pool)) return race.end(insteadOf(last, outOfTime(exchange)));
  }
  return race.end(ledger?.entries.length ? { kind: 'ledger', ledger, last } : { kind: 'failed', last });
}

/** How it ends where the answer that was kept is not told: what still comes of that one is not waited for. */
function insteadOf(last: LastAnswer | undefined, ending: Ending): Ending {
  last?.answered.stream?.cancel();
  return ending;
}

function whyNotNow({ account }: Exchange, intake: Intake): AnswerCode | undefined {
  return intake.whyNotNow() ?? (account.isGreedy && account.room === 0 ? 'OVERLOADED' : undefined);
}

function isOutOfTime({ body, deadlineMs }: Exchange, { runtime }: Pool): boolean {
  return body.kind === 'kept' && runtime.clock.monotonicMs() >= deadlineMs;
}
