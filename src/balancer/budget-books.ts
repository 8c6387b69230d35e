/** What an attempt tells of the budget that it was sent on. */

import { readRateLimit } from '../http/rate-limit-headers.ts';
import type { Runtime } from '../runtime.ts';
import type { AttemptOutcome } from '../transport/outcome.ts';
import { type Blame, isLimit, requestedDurationMs } from '../upstreams/quarantine-duration.ts';
import { hasOwnCredentials } from './client-credentials.ts';
import type { Ended } from './ended.ts';
import type { Exchange } from './exchange.ts';

/**
 * `blames` are those that the request itself has not caused; `learns`: limits are learnt from refusals. Returns whether it is
 * to be paced for a refusal.
 */
export function settle(ended: Ended, blames: readonly Blame[], learns: boolean, { clock }: Runtime): boolean {
  const { pacer, question, outcome, verdict, startedMs } = ended;
  if (!pacer) return false;
  const nowMs = clock.monotonicMs();
  const wallMs = clock.wallMs();
  // Where nothing is learnt, a refusal is the quarantine's matter.
  const refusal = learns ? blames.find(isLimit) : undefined;
  if (refusal) {
    const accepted = acceptedOf(ended);
    if (accepted > 0) pacer.acceptedOf(accepted, nowMs);
    const refused = question.callCount - accepted;
    pacer.refused(refused, startedMs, nowMs, requestedDurationMs(refusal.rest, wallMs));
  }
  // A limit of the client's own tells nothing, nor does an attempt without an answer.
  else if (isAnswer(outcome) && !verdict.blames.some(isLimit))
    pacer.answered(question.callCount, startedMs, nowMs);
  else pacer.lost(startedMs);
  return refusal !== undefined;
}

/** How many calls of a batch were not refused when others were. */
function acceptedOf({ verdict }: Ended): number {
  const verdicts = verdict.calls?.verdicts ?? [];
  return verdicts.filter((call) => call.kind !== 'open' || !call.rateLimited).length;
}

/** What an answer's header lines say of the limit. Those of a client's own key are for that client alone. */
export function tell({ pacer, outcome }: Ended, exchange: Exchange, { clock }: Runtime): void {
  const lines = outcome.kind === 'answered' ? outcome.headers.rateLimit : undefined;
  if (!lines || !pacer || hasOwnCredentials(exchange)) return;
  const news = readRateLimit(lines, clock.wallMs());
  if (!news) return;
  const { resetMs, ...limit } = news;
  const nowMs = clock.monotonicMs();
  pacer.told({ ...limit, ...(resetMs === undefined ? {} : { resetAtMs: nowMs + resetMs }) }, nowMs);
}

function isAnswer({ kind }: AttemptOutcome): boolean {
  return kind === 'answered' || kind === 'switched';
}
