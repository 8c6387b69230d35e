import type { RpcJudgement } from '../calls/judge-calls.ts';
import type { CallEntry, Ledger, Source } from '../calls/ledger.ts';
import {
  holdsTransaction,
  resultIn,
  settleTransactions,
  transactionLookup,
} from '../calls/sent-transactions.ts';
import type { AttemptResult } from '../events.ts';
import { makesFilter } from '../rpc/filters.ts';
import { forward } from '../transport/forward.ts';
import type { AttemptOutcome } from '../transport/outcome.ts';
import type { Sending } from '../transport/wire.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Candidate } from './candidates.ts';
import { clientOf } from './client.ts';
import type { Exchange } from './exchange.ts';
import { type Asked, judge, type Verdict } from './judge.ts';
import { learn } from './learn.ts';
import type { BalancerParts } from './parts.ts';

/** See `Sending.peekBytes`. */
const PEEK_BYTES = 64 * 1024;
/** Of a batch: one refused item of a hundred is worth the wait for the others. */
const PEEK_BATCH_BYTES = 1024 * 1024;
/** Of the rest of a batch, which is put together with what is there already. */
const PEEK_PARTIAL_BYTES = 32 * 1024 * 1024;

export interface Attempted {
  readonly outcome: AttemptOutcome;
  readonly verdict: Verdict;
}

/** One attempt: sent, judged, and learned from. `asked` are the calls of a JSON-RPC request that it is for. */
export async function attempt(
  exchange: Exchange,
  asked: readonly CallEntry[],
  { upstream, trial }: Candidate,
  parts: BalancerParts,
): Promise<Attempted> {
  const { clock, candidates, announcer } = parts;
  const startedMs = clock.monotonicMs();
  // An upload may take its time: it would keep others from trying.
  const counted = trial && exchange.body.kind === 'kept';
  if (counted) candidates.trials.begin(upstream);
  upstream.attempts += 1;
  const outcome = await forward(exchange, sendingOf(exchange, asked), upstream, parts.wire);
  const durationMs = clock.monotonicMs() - startedMs;
  const verdict = finalIfTaken(judge(outcome, askedOf(exchange, asked, parts)), exchange);
  holdDecoded(exchange, outcome, verdict);
  if (outcome.kind === 'answered' || outcome.kind === 'switched' || outcome.kind === 'timed-out') {
    candidates.strategies[upstream.tier].observe?.(upstream, durationMs);
  }
  learn(exchange, { upstream, trial, asked, outcome, verdict, startedMs }, parts);
  // Afterwards, so that whoever waits for it finds the upstream well, if it is.
  if (counted) candidates.trials.end(upstream);
  const result = resultOf(outcome, verdict);
  exchange.attempts.push({ upstream, result });
  const tunnel = outcome.kind === 'switched';
  announcer.announce({ type: 'attempt-finished', upstream: upstream.identity, result, tunnel, durationMs });
  const noted =
    exchange.ledger && note(exchange, exchange.ledger, asked, { outcome, verdict, upstream }, parts);
  if (noted) await noted;
  return { outcome, verdict };
}

function sendingOf({ body, repeat, ledger }: Exchange, asked: readonly CallEntry[]): Sending {
  if (!ledger) return { body, repeat, peekBytes: PEEK_BYTES };
  const bytes = ledger.payload(asked);
  const whole = bytes === ledger.body;
  const onlyRepeatable = !ledger.hasNotifications && asked.every((entry) => entry.repeat === 'always');
  return {
    body: whole ? body : { kind: 'kept', bytes },
    repeat: onlyRepeatable ? 'always' : repeat,
    partial: !whole,
    peekBytes: !whole ? PEEK_PARTIAL_BYTES : ledger.rpc.batch ? PEEK_BATCH_BYTES : PEEK_BYTES,
  };
}

function askedOf(exchange: Exchange, asked: readonly CallEntry[], parts: BalancerParts): Asked {
  const { ledger, repeat, upgrade } = exchange;
  const { retryStatus, clock } = parts;
  const rpc = ledger && {
    body: ledger.body,
    head: exchange,
    batch: ledger.rpc.batch,
    calls: asked,
    partial: asked.length > 0 && asked.length < ledger.entries.length,
    room: exchange.room,
  };
  return { rpc, repeat, upgrade: upgrade !== undefined, retryStatus, wallMs: clock.wallMs() };
}

/** An answer that was unpacked to be judged is held beside the packed one, as long as calls are open. */
function holdDecoded(exchange: Exchange, outcome: AttemptOutcome, { rpc }: Verdict): void {
  if (outcome.kind !== 'answered' || !rpc || rpc.text === outcome.body) return;
  exchange.holdPiece(rpc.text.length, rpc.text.length);
}

/** What was taken of a body that is not kept is gone: no other upstream can have it, whoever would. */
function finalIfTaken(verdict: Verdict, { body }: Exchange): Verdict {
  const gone = body.kind === 'piped' && body.taken && verdict.next === 'another';
  return gone ? { ...verdict, next: 'stop' } : verdict;
}

function resultOf(outcome: AttemptOutcome, { blames, next }: Verdict): AttemptResult {
  const [blame] = blames;
  if (blame) return blame.reason;
  if (outcome.kind === 'out-of-time' || outcome.kind === 'shortage') return outcome.kind;
  if (outcome.kind === 'upload-cut' || outcome.kind === 'out-of-room') return 'inconclusive';
  if (outcome.kind === 'switched') return 'answered';
  if (outcome.kind !== 'answered') return 'client-left';
  return next === 'another' ? 'inconclusive' : 'answered';
}

/** Takes down in the ledger what the attempt means for each call. A promise only where that needs a look-up. */
function note(
  exchange: Exchange,
  ledger: Ledger,
  asked: readonly CallEntry[],
  { outcome, verdict, upstream }: Attempted & { readonly upstream: Upstream },
  parts: BalancerParts,
): Promise<void> | undefined {
  if (asked.length === 0 && verdict.next !== 'another') ledger.endNotifications();
  const judgement = verdict.rpc;
  if (!judgement || asked.length === 0) return undefined;
  const source: Source = { answered: outcome.kind === 'answered' ? outcome : undefined, upstream };
  ledger.record(asked, judgement, source);
  rememberFilters({ exchange, ledger }, asked, upstream, parts);
  rememberHeight(asked, judgement, upstream, parts);
  if (!judgement.calls.some(({ kind }) => kind === 'known' || kind === 'nonce')) return undefined;
  return settleTransactions({ ledger, asked, judgement, source }, async (hash) => {
    const body = { kind: 'kept', bytes: transactionLookup(hash) } as const;
    const sending: Sending = { body, repeat: 'always', peekBytes: PEEK_BATCH_BYTES };
    const found = await forward(exchange, sending, upstream, parts.wire);
    return found.kind === 'answered' && holdsTransaction(found);
  });
}

/** A new filter's calls must go where it was made. One that has the id of another upstream's is of no use. */
function rememberFilters(
  { exchange, ledger }: { readonly exchange: Exchange; readonly ledger: Ledger },
  asked: readonly CallEntry[],
  upstream: Upstream,
  { filters }: BalancerParts,
): void {
  for (const entry of asked) {
    if (!makesFilter(entry.call.method) || !entry.answer) continue;
    const id = resultIn(entry.answer.bytes);
    if (typeof id === 'string' && !filters.remember(id, upstream, clientOf(exchange.origin)))
      ledger.reopen(entry);
  }
}

/** What an upstream tells a client of its newest block need not be asked by a health check. */
function rememberHeight(
  [entry]: readonly CallEntry[],
  { calls, text }: RpcJudgement,
  upstream: Upstream,
  { learnHeight }: BalancerParts,
): void {
  if (calls.length !== 1 || entry?.call.method !== 'eth_blockNumber' || upstream.hasLeft) return;
  const [verdict] = calls;
  if (verdict?.kind === 'settle' && !verdict.isError) learnHeight(upstream, text, verdict.answer);
}
