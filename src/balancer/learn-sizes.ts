/** Learns how much an upstream takes at once: from what it refuses for its size, and from what goes well. */

import type { CallEntry, Ledger } from '../calls/ledger.ts';
import type { SizeLimit } from '../events.ts';
import type { Pool } from '../pools/pool.ts';
import { LOGS_METHOD, spanOf } from '../rpc/logs-range.ts';
import { type SizeRefusal, statedLimit } from '../rpc/size-limits.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';
import type { Verdict } from './judge.ts';
import type { Question } from './question.ts';

/** Of an attempt that is over. */
interface Judged {
  readonly upstream: Upstream;
  readonly question: Question;
  readonly verdict: Verdict;
}

/** What an attempt shows of that. Nobody is blamed for it. */
export function learnSizes(
  exchange: Exchange,
  { upstream, question, verdict: { calls } }: Judged,
  pool: Pool,
): void {
  const { ledger, asked } = question;
  if (!ledger || !calls) return;
  let isBatchRefused = false;
  let isBatchDone = false;
  for (let index = 0; index < asked.length; index += 1) {
    const entry = asked[index];
    const judged = calls.verdicts[index];
    if (!entry || !judged) continue;
    if (judged.kind === 'settle' && !judged.isError) {
      isBatchDone = true;
      noteLogs(upstream, entry, ledger, pool);
    } else if (judged.kind === 'open' && judged.size) {
      // One refusal of a batch is that of each call.
      if (judged.size.about !== 'batch') noteRefusal(upstream, entry, { ledger, refusal: judged.size }, pool);
      else if (!isBatchRefused) noteBatchRefusal(upstream, ledger.sizeOf(asked.length), judged.size, pool);
      isBatchRefused ||= judged.size.about === 'batch';
    }
  }
  if (!ledger.rpc.batch) return;
  if (calls.verdicts.some((judged) => judged.kind === 'open' && judged.asBatch))
    exchange.batchRefusals = [...exchange.batchRefusals, { upstream, size: ledger.sizeOf(asked.length) }];
  if (isBatchDone && !isBatchRefused) wentWell(upstream, 'batch', ledger.sizeOf(asked.length), pool);
}

/**
 * A batch was refused without a word about its size, and its calls went well in smaller ones: it was the batch that the
 * upstream did not take.
 */
export function learnBatch(upstream: Upstream, refused: number, done: number, pool: Pool): void {
  noteBatchRefusal(upstream, refused, undefined, pool);
  wentWell(upstream, 'batch', done, pool);
}

function noteLogs(upstream: Upstream, entry: CallEntry, ledger: Ledger, pool: Pool): void {
  if (entry.call.method !== LOGS_METHOD) return;
  // Looked at only where there is something to learn.
  if (upstream.capacities.logsRange.limit(pool.runtime.clock) === undefined) return;
  const range = ledger.rangeOf(entry);
  const blocks = range && spanOf(range, upstream.blockHeight);
  if (blocks !== undefined) wentWell(upstream, 'logs_range', blocks, pool);
}

function noteRefusal(
  upstream: Upstream,
  entry: CallEntry,
  { ledger, refusal }: { readonly ledger: Ledger; readonly refusal: SizeRefusal },
  pool: Pool,
): void {
  if (entry.call.method !== LOGS_METHOD) return;
  const range = ledger.rangeOf(entry);
  const size = range && spanOf(range, upstream.blockHeight);
  const numbers = range ? [range.from, ...(range.to === undefined ? [] : [range.to])] : [];
  const stated = statedLimit(refusal, { size, numbers });
  if (refusal.about !== 'blocks') entry.advisedBlocks = stated;
  else if (upstream.capacities.logsRange.refused(size, stated, pool.runtime.clock))
    announce(upstream, 'logs_range', pool);
}

function noteBatchRefusal(
  upstream: Upstream,
  size: number,
  refusal: SizeRefusal | undefined,
  pool: Pool,
): void {
  const stated = refusal && statedLimit(refusal, { size, numbers: [] });
  if (upstream.capacities.batch.refused(size, stated, pool.runtime.clock)) announce(upstream, 'batch', pool);
}

function wentWell(upstream: Upstream, limit: SizeLimit, size: number, pool: Pool): void {
  const { logsRange, batch } = upstream.capacities;
  const capacity = limit === 'batch' ? batch : logsRange;
  if (capacity.wentWell(size, pool.runtime.clock)) announce(upstream, limit, pool);
}

function announce(upstream: Upstream, limit: SizeLimit, { runtime }: Pool): void {
  const { logsRange, batch } = upstream.capacities;
  const size = (limit === 'batch' ? batch : logsRange).limit(runtime.clock);
  if (size === undefined || upstream.hasLeft) return;
  runtime.announcer.announce({ type: 'limit-learnt', upstream: upstream.identity, limit, size });
}
