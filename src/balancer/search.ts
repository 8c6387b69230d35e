/** Looks for an answer with one race: asks for its next attempt until the request is settled. */

import type { Pool } from '../pools/pool.ts';
import { type Ending, endingOf, keepBetter, type LastAnswer, outOfTime } from './ending.ts';
import type { Exchange } from './exchange.ts';
import { Race } from './race.ts';

/** Until all calls are settled, nobody is left to ask, or the time is up. Rejects only by a defect. */
export async function search(
  exchange: Exchange,
  pool: Pool,
  race: Race = new Race(exchange, pool),
): Promise<Ending> {
  const { ledger } = exchange;
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

export function isOutOfTime({ body, deadlineMs }: Exchange, { runtime }: Pool): boolean {
  return body.kind === 'kept' && runtime.clock.monotonicMs() >= deadlineMs;
}
