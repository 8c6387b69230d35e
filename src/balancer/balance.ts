/** The life of a request: received, classified, asked of one upstream after the other, answered. */

import type { AnswerCode } from '../errors.ts';
import type { Pool } from '../pools/pool.ts';
import { classify } from './classify.ts';
import { conclude } from './conclude.ts';
import type { Ending } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { Intake } from './intake.ts';
import { inPieces } from './pieces.ts';
import { receiveBody } from './receive.ts';
import { search } from './search.ts';

/** `refusal` is why a request is refused by its head alone. Rejects only by a defect. */
export async function balance(
  exchange: Exchange,
  refusal: AnswerCode | undefined,
  pool: Pool,
  intake: Intake,
): Promise<void> {
  const received = refusal ?? (await receiveBody(exchange, intake.body, pool.runtime.clock));
  // Classified first, so that JSON-RPC gets an answer of its kind.
  const end = received ?? whyNotAsked(exchange, pool, intake);
  const found = end === undefined ? await search(exchange, pool) : endingWithoutAttempt(end);
  const isOpen = found.kind === 'ledger' && found.ledger.hasOpen;
  const ending = isOpen ? await inPieces(exchange, found, pool) : found;
  return conclude(exchange, ending, pool, intake.tunnels);
}

function endingWithoutAttempt(end: AnswerCode | 'client-left'): Ending {
  return end === 'client-left' ? { kind: end } : { kind: 'refuse', code: end };
}

function whyNotAsked(exchange: Exchange, pool: Pool, intake: Intake): AnswerCode | undefined {
  const malformed = classify(exchange, pool, intake.maxBatch);
  return exchange.barred ?? malformed ?? whyNotNow(exchange, intake);
}

function whyNotNow({ account }: Exchange, intake: Intake): AnswerCode | undefined {
  return intake.whyNotNow() ?? (account.isGreedy && account.room === 0 ? 'OVERLOADED' : undefined);
}
