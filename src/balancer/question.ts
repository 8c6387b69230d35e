/** What one attempt asks its upstream for. */

import { askForNoCoding, asksForUnreadable, removeUnreadable } from '../calls/accepted-codings.ts';
import type { RequestHead } from '../calls/error-meaning.ts';
import { type CallEntry, Ledger } from '../calls/ledger.ts';
import { transactionLookUp } from '../calls/sent-transactions.ts';
import { valuesOf } from '../http/header-lines.ts';
import { isHttp2, type UpgradeRequest } from '../http/messages.ts';
import { attemptHeaders, linesFor, type RequestHeaders } from '../http/request-headers.ts';
import type { Pool } from '../pools/pool.ts';
import { parseRpcRequest } from '../rpc/message.ts';
import type { Repeatability } from '../rpc/methods.ts';
import type { Body, Outgoing, ProtocolChange } from '../transport/outgoing.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';
import type { SentRequest } from './judge.ts';

export interface Question {
  readonly outgoing: Outgoing;
  /** The calls of a JSON-RPC request. */
  readonly ledger: Ledger | undefined;
  /** Those of them that this upstream is asked for and that want an answer. */
  readonly asked: readonly CallEntry[];
  /** As how many calls it counts at the upstream's limiter. */
  readonly callCount: number;
  readonly repeat: Repeatability;
  /** What the client wrote in the head. */
  readonly head: RequestHead;
  /** We ask it ourselves: nothing of the client is in it. */
  readonly isOwn: boolean;
}

/** See `Outgoing.bufferUpToBytes`. */
const BUFFERED_BYTES = 64 * 1024;
/** Of a batch: one refused item of a hundred is worth the wait for the others. */
const BUFFERED_BATCH_BYTES = 1024 * 1024;
/** Of the rest of a batch, which is put together with what is there already. */
const BUFFERED_PARTIAL_BYTES = 32 * 1024 * 1024;

/** Of a piece, which is put together with others: MAX_BUFFERED alone bounds it. */
const BUFFERED_PART_BYTES = Number.POSITIVE_INFINITY;

/** The client's request, as far as these calls of it are still to be asked for. */
export function questionOf(exchange: Exchange, asked: readonly CallEntry[], upstream: Upstream): Question {
  const { ledger, body, repeat, headers, origin, target, requested, prefix, request, rpc, upgrade } =
    exchange;
  const bytes = ledger?.payload(asked);
  const isPart = exchange.whole !== undefined;
  const isAll = !ledger || bytes === ledger.body;
  const sent: Body = isAll || !bytes ? body : { kind: 'kept', bytes };
  const outgoing: Outgoing = {
    upstream,
    target,
    requested,
    prefix,
    origin,
    method: request.method ?? 'GET',
    path: upstream.targetOf(target),
    lines: linesOf(exchange, sent, upstream),
    body: sent,
    mayRepeat: repeat === 'always' || (ledger !== undefined && mayRepeatAll(ledger, asked)),
    deadlineMs: exchange.deadlineMs,
    bufferUpToBytes: bufferedBytes(exchange, isAll),
    buffersUnsized: rpc !== undefined,
    mustBuffer: !isAll || isPart,
    upgrade: upgrade && protocolChange(upgrade, headers),
    clientSocket: request.socket,
    sharesClientSocket: isHttp2(request),
    logsIn: headers.logsIn,
    account: exchange.account,
  };
  const callCount = isAll ? exchange.callCount : asked.length;
  return { outgoing, ledger, asked, callCount, repeat, head: exchange, isOwn: false };
}

function bufferedBytes({ whole, rpc }: Exchange, isAll: boolean): number {
  if (whole) return BUFFERED_PART_BYTES;
  if (!isAll) return BUFFERED_PARTIAL_BYTES;
  return rpc?.batch ? BUFFERED_BATCH_BYTES : BUFFERED_BYTES;
}

function mayRepeatAll(ledger: Ledger, asked: readonly CallEntry[]): boolean {
  return !ledger.hasNotifications && asked.every((entry) => entry.repeat === 'always');
}

function linesOf({ headers, origin, id, rpc, whole }: Exchange, body: Body, upstream: Upstream): string[] {
  const lines = attemptHeaders(headers, origin, id, upstream);
  const { acceptEncoding } = headers;
  // A piece is not passed on but read: without a coding that need not be undone.
  if (whole && acceptEncoding !== undefined) askForNoCoding(lines);
  else if (rpc && acceptEncoding !== undefined && asksForUnreadable(acceptEncoding)) removeUnreadable(lines);
  if (body.kind === 'piped' && body.length !== undefined) lines.push('Content-Length', String(body.length));
  return lines;
}

function protocolChange({ protocols }: UpgradeRequest, { forward }: RequestHeaders): ProtocolChange {
  const [webSocketKey] = valuesOf(forward, 'sec-websocket-key');
  return { protocols, webSocketKey };
}

const ROOT = { path: '/', query: undefined, authority: undefined };
const NO_HEAD: RequestHead = {
  target: ROOT,
  headers: { forward: [], authorization: undefined, host: undefined, requestId: undefined },
};
const OWN_LINES = ['Content-Type', 'application/json', 'Accept', 'application/json'];

/** Asks an upstream for a transaction by its hash, with nothing of the client's request but its deadline. */
export function lookUpOf(
  { origin, deadlineMs, account }: Exchange,
  hash: string,
  upstream: Upstream,
): Question {
  const bytes = transactionLookUp(hash);
  const rpc = parseRpcRequest(bytes);
  if (!rpc) throw new Error('a look-up is JSON-RPC');
  const ledger = new Ledger(rpc, bytes, () => ({ kind: 'anywhere' }));
  const body: Body = { kind: 'kept', bytes };
  const outgoing: Outgoing = {
    upstream,
    target: ROOT,
    requested: ROOT,
    prefix: '',
    origin,
    method: 'POST',
    path: upstream.targetOf(ROOT),
    lines: linesFor(OWN_LINES, upstream),
    body,
    mayRepeat: true,
    deadlineMs,
    // A transaction as nodes write it, the largest ones included.
    bufferUpToBytes: BUFFERED_BATCH_BYTES,
    buffersUnsized: true,
    mustBuffer: false,
    upgrade: undefined,
    clientSocket: undefined,
    sharesClientSocket: false,
    logsIn: false,
    account,
  };
  return {
    outgoing,
    ledger,
    asked: ledger.entries,
    callCount: 1,
    repeat: 'always',
    head: NO_HEAD,
    isOwn: true,
  };
}

/** What a question was, for the judge of its answer. */
export function sentRequestOf(
  { account, upgrade, whole }: Exchange,
  question: Question,
  pool: Pool,
): SentRequest {
  const { ledger, asked, head, repeat, isOwn } = question;
  const rpc = ledger && {
    body: ledger.body,
    head,
    batch: ledger.rpc.batch,
    calls: asked,
    partial: asked.length > 0 && (whole !== undefined || asked.length < ledger.entries.length),
    room: account.room,
  };
  const { retryStatus } = pool.settings;
  const wallMs = pool.runtime.clock.wallMs();
  return { rpc, repeat, upgrade: upgrade !== undefined && !isOwn, retryStatus, wallMs };
}
