/** Cuts calls that are too large for every upstream, and batches, into pieces that are not. */

import { type CallEntry, Ledger } from '../calls/ledger.ts';
import { placementOf } from '../calls/placement.ts';
import { joinBatch } from '../calls/rpc-writer.ts';
import type { Pool } from '../pools/pool.ts';
import { type BlockSpan, callForSpan, type LogsRange } from '../rpc/logs-range.ts';
import { parseRpcRequest } from '../rpc/message.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { pieceLimit } from './batch-limit.ts';
import type { Exchange } from './exchange.ts';

/** What an exchange is cut into. */
export interface Cut {
  /** The calls that the parts are for: one whose `range` was cut, or some of a `batch`. */
  readonly kind: 'range' | 'batch';
  readonly entries: readonly CallEntry[];
  /** In the order of the blocks, or of the calls. */
  readonly parts: readonly Exchange[];
}

/** Of how many pieces the answer to one request may be put together. */
const MAX_PIECES = 100;
const NOTHING: readonly Cut[] = [];

/** The pieces to ask for of what is open; none when no piece would do better than the whole. */
export function cut(exchange: Exchange, pool: Pool): readonly Cut[] {
  const { ledger } = exchange;
  if (!ledger?.hasOpen) return NOTHING;
  const batch = cutBatch(exchange, ledger, pool);
  if (batch) return [batch];
  const cuts: Cut[] = [];
  for (const entry of ledger.entries) {
    if (entry.state !== 'open') continue;
    const parts = cutRange(exchange, entry, pool);
    if (parts) cuts.push({ kind: 'range', entries: [entry], parts });
  }
  return cuts;
}

/** Whether a call can be had in pieces that an upstream takes which is usable. */
export function canCutRange(exchange: Exchange, entry: CallEntry, pool: Pool): boolean {
  return rangeSpans(exchange, entry, pool) !== undefined;
}

/** The same of all open calls of a batch. */
export function canCutBatch(exchange: Exchange, pool: Pool): boolean {
  return batchSize(exchange, pool) !== undefined;
}

function cutBatch(exchange: Exchange, ledger: Ledger, pool: Pool): Cut | undefined {
  const size = batchSize(exchange, pool);
  if (size === undefined) return undefined;
  const entries = ledger.openFor(() => true);
  const calls = ledger.callsOf(entries);
  const parts: Exchange[] = [];
  for (let at = 0; at < calls.length; at += size) {
    const bytes = calls.slice(at, at + size).map(({ start, end }) => ledger.body.subarray(start, end));
    const [only] = bytes;
    parts.push(partOf(exchange, bytes.length === 1 && only ? only : joinBatch(bytes), pool));
  }
  exchange.addPieces(parts.length - 1);
  ledger.endNotifications();
  return { kind: 'batch', entries, parts };
}

/** As how many calls at a time the rest of a batch can be had; undefined when that would not help. */
function batchSize(exchange: Exchange, pool: Pool): number | undefined {
  const { ledger } = exchange;
  if (!ledger?.rpc.batch) return undefined;
  const open = ledger.openFor(() => true);
  const calls = ledger.sizeOf(open.length);
  const isRefused = open.some(({ tooLarge }) => tooLarge === 'batch');
  const largest = largestBelow(calls, pool, (upstream) => pieceLimit(upstream, pool));
  const size = largest ?? (isRefused ? 1 : undefined);
  if (size === undefined || (!isRefused && !open.some((entry) => isLeft(entry, pool)))) return undefined;
  return exchange.pieces + Math.ceil(calls / size) - 1 <= MAX_PIECES ? size : undefined;
}

function cutRange(exchange: Exchange, entry: CallEntry, pool: Pool): readonly Exchange[] | undefined {
  const spans = rangeSpans(exchange, entry, pool);
  const { ledger } = exchange;
  const range = ledger?.rangeOf(entry);
  if (!spans || !ledger || !range) return undefined;
  exchange.addPieces(spans.length - 1);
  return spans.map((span) => partOf(exchange, callForSpan(ledger.body, entry.call, range, span), pool));
}

/** The pieces of a range; undefined when it can't be cut, or need not be, or is too wide. */
function rangeSpans(exchange: Exchange, entry: CallEntry, pool: Pool): readonly BlockSpan[] | undefined {
  const range = exchange.ledger?.rangeOf(entry);
  const last = range && lastBlock(range, pool);
  const blocks = range && last !== undefined ? last - range.from + 1 : 0;
  if (!range || last === undefined || blocks < 2) return undefined;
  const width = widthOf(entry, blocks, pool);
  if (width === undefined) return undefined;
  const room = MAX_PIECES - exchange.pieces + 1;
  return blocks / width > room ? undefined : spansOf(range, last, width, room);
}

/** How wide the pieces of a range may be. */
function widthOf(entry: CallEntry, blocks: number, pool: Pool): number | undefined {
  const isRefused = entry.tooLarge === 'range';
  const { clock } = pool.runtime;
  const learnt = largestBelow(blocks, pool, ({ capacities }) => capacities.logsRange.limit(clock)) ?? 0;
  const { advisedBlocks: advised = 0 } = entry;
  const widest = Math.max(learnt, isRefused && advised < blocks ? advised : 0);
  if (widest > 0) return isRefused || isLeft(entry, pool) ? widest : undefined;
  return isRefused ? Math.floor(blocks / 2) : undefined;
}

/**
 * The last block that a range has for certain. An open end is known where each usable upstream has said which blocks
 * it has: those that all have are asked for by number, and only the last piece by `latest`.
 */
function lastBlock({ to }: LogsRange, pool: Pool): number | undefined {
  if (to !== undefined) return to;
  let lowest: number | undefined;
  for (const { blockHeight } of usable(pool)) {
    if (blockHeight === undefined) return undefined;
    lowest = Math.min(blockHeight, lowest ?? blockHeight);
  }
  return lowest;
}

/** Pieces of equal width. The last one of a range with an open end is half as wide, since there may be new blocks. */
function spansOf(
  range: LogsRange,
  last: number,
  width: number,
  room: number,
): readonly BlockSpan[] | undefined {
  const isOpen = range.to === undefined;
  const closed = isOpen ? last - Math.ceil(width / 2) : last;
  const blocks = closed - range.from + 1;
  const count = Math.ceil(blocks / width);
  const each = Math.ceil(blocks / count);
  const spans: BlockSpan[] = [];
  for (let first = range.from; first <= closed; first += each)
    spans.push({ first, last: Math.min(first + each - 1, closed) });
  if (isOpen) spans.push({ first: Math.max(closed + 1, range.from), last: undefined });
  return spans.length <= room && spans.length > 1 ? spans : undefined;
}

/** The largest limit of the usable upstreams that is smaller than what is asked for. */
function largestBelow(
  size: number,
  pool: Pool,
  limitOf: (upstream: Upstream) => number | undefined,
): number | undefined {
  let largest: number | undefined;
  for (const upstream of usable(pool)) {
    const limit = limitOf(upstream);
    if (limit !== undefined && limit < size) largest = Math.max(limit, largest ?? limit);
  }
  return largest;
}

function usable({ registry, availability }: Pool): readonly Upstream[] {
  return registry.all.filter((upstream) => availability.isUsable(upstream));
}

/** Whether attempts are left for a call that was refused for nothing that pieces would mend. */
function isLeft({ attempts }: CallEntry, { settings }: Pool): boolean {
  return attempts < settings.maxAttempts;
}

function partOf(exchange: Exchange, bytes: Buffer, pool: Pool): Exchange {
  const rpc = parseRpcRequest(bytes);
  if (!rpc) throw new Error('a piece of JSON-RPC is JSON-RPC');
  return exchange.part(new Ledger(rpc, bytes, (call) => placementOf(call, bytes, pool)));
}
