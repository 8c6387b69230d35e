/** What one attempt asks its upstream for. */
import { asksForUnreadable, removeUnreadable } from '../calls/accepted-codings.ts';
import type { RequestHead } from '../calls/error-meaning.ts';
import { type CallEntry, Ledger } from '../calls/ledger.ts';
import { transactionLookUp } from '../calls/sent-transactions.ts';
import { valuesOf } from '../http/header-lines.ts';
import { isHttp2, type UpgradeRequest } from '../http/messages.ts';
import { attemptHeaders, linesFor, type RequestHeaders } from '../http/request-headers.ts';
import { parseRpcRequest } from '../rpc/message.ts';
import type { Repeatability } from '../rpc/methods.ts';
import type { Body, Outgoing, ProtocolChange } from '../transport/outgoing.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';

export interface Question {
  readonly outgoing: Outgoing;
  /** The calls of a JSON-RPC request. */
  readonly ledger: Ledger | undefined;
  /** Those of them that this upstream is asked for and that want an answer. */
  readonly asked: readonly CallEntry[];
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

/** The client's request, as far as these calls of it are still to be asked for. */
export function questionOf(exchange: Exchange, asked: readonly CallEntry[], upstream: Upstream): Question {
  const { ledger, body, repeat } = exchange;
  if (!ledger) {
    const part = { body, mayRepeat: repeat === 'always', mustBuffer: false, bufferUpToBytes: BUFFERED_BYTES };
    return {
      outgoing: outgoingOf(exchange, upstream, part),
      ledger,
      asked,
      repeat,
      head: exchange,
      isOwn: false,
    };
  }
  const bytes = ledger.payload(asked);
  const isAll = bytes === ledger.body;
  const onlyRepeatable = !ledger.hasNotifications && asked.every((entry) => entry.repeat === 'always');
  const part: Part = {
    body: isAll ? body : { kind: 'kept', bytes },
    mayRepeat: onlyRepeatable || repeat === 'always',
    mustBuffer: !isAll,
    bufferUpToBytes: !isAll
      ? BUFFERED_PARTIAL_BYTES
      : ledger.rpc.batch
        ? BUFFERED_BATCH_BYTES
        : BUFFERED_BYTES,
  };
  return {
    outgoing: outgoingOf(exchange, upstream, part),
    ledger,
    asked,
    repeat,
    head: exchange,
    isOwn: false,
  };
}

type Part = Pick<Outgoing, 'body' | 'mayRepeat' | 'mustBuffer' | 'bufferUpToBytes'>;

function outgoingOf(exchange: Exchange, upstream: Upstream, part: Part): Outgoing {
  const { headers, origin, target, request, rpc, upgrade } = exchange;
  const { body, mayRepeat, mustBuffer, bufferUpToBytes } = part;
  const lines = attemptHeaders(headers, origin, exchange.id, upstream);
  const { acceptEncoding } = headers;
  if (rpc && acceptEncoding !== undefined && asksForUnreadable(acceptEncoding)) removeUnreadable(lines);
  if (body.kind === 'piped' && body.length !== undefined) lines.push('Content-Length', String(body.length));
  return {
    method: request.method ?? 'GET',
    target: upstream.targetOf(target),
    lines,
    body,
    mayRepeat,
    deadlineMs: exchange.deadlineMs,
    bufferUpToBytes,
    buffersUnsized: rpc !== undefined,
    mustBuffer,
    upgrade: upgrade && protocolChange(upgrade, headers),
    rewriting: { upstream, target, origin },
    clientConnection: { socket: request.socket, isShared: isHttp2(request) },
    logsIn: headers.logsIn,
    account: exchange.account,
  };
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
    method: 'POST',
    target: upstream.targetOf(ROOT),
    lines: linesFor(OWN_LINES, upstream),
    body,
    mayRepeat: true,
    deadlineMs,
    // A transaction as nodes write it, the largest ones included.
    bufferUpToBytes: BUFFERED_BATCH_BYTES,
    buffersUnsized: true,
    mustBuffer: false,
    upgrade: undefined,
    rewriting: { upstream, target: ROOT, origin },
    clientConnection: undefined,
    logsIn: false,
    account,
  };
  return { outgoing, ledger, asked: ledger.entries, repeat: 'always', head: NO_HEAD, isOwn: true };
}
