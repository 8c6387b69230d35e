/** The life of a request: received, classified, asked of one upstream after the other, answered. */

import type { Clock } from '../clock.ts';
import type { AnswerCode } from '../errors.ts';
import type { Pool } from '../pools/pool.ts';
import { UNCOUNTED_BYTES } from '../transport/buffer-limit.ts';
import { chargedCalls, classify } from './classify.ts';
import { clientKey } from './client-key.ts';
import { conclude } from './conclude.ts';
import type { Ending } from './ending.ts';
import type { Exchange } from './exchange.ts';
import type { Intake } from './intake.ts';
import { inPieces } from './pieces.ts';
import { type BodyLimits, receiveBody } from './receive.ts';
import { search } from './search.ts';

/**
 * Of a request that is barred no more is read: it is only to find the id for its answer. So much is not taken from what
 * others may hold.
 */
const BARRED_BODY_BYTES = UNCOUNTED_BYTES;

/** `refusal` is why a request is refused by its head alone. Rejects only by a defect. */
export async function balance(
  exchange: Exchange,
  refusal: AnswerCode | undefined,
  pool: Pool,
  intake: Intake,
): Promise<void> {
  const limits = exchange.barred ? smaller(intake.body) : intake.body;
  const received = refusal ?? (await receiveBody(exchange, limits, pool.runtime.clock));
  // It counts, but what closes the connection must.
  if (refusal !== undefined) overLimit(exchange, pool.runtime.clock);
  const isOver = refusal !== undefined || received === 'client-left';
  const end = isOver ? received : whyNotAsked(exchange, received, pool, intake);
  const found = end === undefined ? await search(exchange, pool) : endingWithoutAttempt(end);
  const isOpen = found.kind === 'ledger' && found.ledger.hasOpen;
  const ending = isOpen ? await inPieces(exchange, found, pool) : found;
  return conclude(exchange, ending, pool, intake.tunnels);
}

function endingWithoutAttempt(end: AnswerCode | 'client-left'): Ending {
  return end === 'client-left' ? { kind: end } : { kind: 'refuse', code: end };
}

/** `received` is why its body could not be received. */
function whyNotAsked(
  exchange: Exchange,
  received: AnswerCode | undefined,
  pool: Pool,
  intake: Intake,
): AnswerCode | undefined {
  // Classified first, so that JSON-RPC gets an answer of its kind.
  const malformed = received ?? classify(exchange, pool, intake.maxBatch);
  return (
    overLimit(exchange, pool.runtime.clock) ?? exchange.barred ?? malformed ?? whyNotNow(exchange, intake)
  );
}

function smaller(limits: BodyLimits): BodyLimits {
  const bytes = Math.min(limits.maxBodyBytes, BARRED_BODY_BYTES);
  return { ...limits, maxBodyBytes: bytes, maxReplayBodyBytes: bytes };
}

/** Charges a client's calls to its limit, if it has one. */
function overLimit(exchange: Exchange, clock: Clock): AnswerCode | undefined {
  const { limiter } = exchange.client;
  if (!limiter) return undefined;
  const calls = chargedCalls(exchange);
  const { waitMs, lines } = limiter.charge(clientKey(exchange.origin), calls, clock.monotonicMs());
  exchange.answerLines = [...exchange.answerLines, ...lines];
  if (waitMs === 0) return undefined;
  exchange.clientWaitMs = waitMs;
  return 'CLIENT_RATE_LIMITED';
}

function whyNotNow({ account }: Exchange, intake: Intake): AnswerCode | undefined {
  return intake.whyNotNow() ?? (account.isGreedy && account.room === 0 ? 'OVERLOADED' : undefined);
}
