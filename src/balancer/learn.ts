/** The books of one attempt: what it tells of its upstream, and what each call of the request got. */

import type { Source } from '../calls/answer-item.ts';
import type { CallEntry, Ledger } from '../calls/ledger.ts';
import { resultIn, settleTransactions } from '../calls/sent-transactions.ts';
import type { Pool } from '../pools/pool.ts';
import { makesFilter } from '../rpc/filters.ts';
import type { Blame } from '../upstreams/quarantine.ts';
import { isPaced } from '../upstreams/quarantine-duration.ts';
import { isCertain, type Protocol } from '../upstreams/suspects.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { settle, tell } from './budget-books.ts';
import { withoutCredentialBlames } from './client-credentials.ts';
import { clientKey } from './client-key.ts';
import type { Ended } from './ended.ts';
import type { Exchange } from './exchange.ts';
import { learnSizes } from './learn-sizes.ts';
import { PLAIN_HTTP, withLimitedMethod } from './method-limits.ts';
import type { Question } from './question.ts';

/** Asks an upstream whether it knows a transaction by its hash. */
export interface TransactionLookUp {
  lookUp(hash: string, upstream: Upstream): Promise<boolean>;
}

/** The part of its budget that an upstream has in use when a refusal points to others with the same limit. */
const UNDER_ITS_LIMIT = 0.5;

/** Notes what an attempt shows of its upstream: whether it is to be left out, which methods it lacks, or that it is well. */
export function learn(exchange: Exchange, ended: Ended, pool: Pool): void {
  const { upstream, outcome, verdict, trial } = ended;
  const nowMs = pool.runtime.clock.monotonicMs();
  learnSizes(exchange, ended, pool);
  if (verdict.blames.length > 0) {
    upstream.failures += 1;
    upstream.triedMs = nowMs;
  }
  const blames = withLimitedMethod(ended, inContext(exchange, ended), nowMs);
  const { budget } = upstream;
  const learns = budget?.learns ?? false;
  if (settle(ended, blames, learns, pool.runtime)) noteRefusal(upstream, pool);
  if (learns) tell(ended, exchange, pool.runtime);
  for (const blame of blames) {
    if (isPaced(blame, budget, pool.runtime.clock.wallMs())) continue;
    if (blame.method !== undefined) banMethod(upstream, blame, blame.method, pool);
    else if (isCertain(blame)) pool.quarantine.add(upstream, blame);
    else suspect(exchange, upstream, { blame, protocol: protocolOf(ended.question) }, pool);
  }
  const spoke = outcome.kind === 'answered' || outcome.kind === 'switched';
  if (!spoke || verdict.blames.some(isAboutWhole)) return;
  noteAnswer(ended, pool);
  if (trial) pool.quarantine.release(upstream, 'trial');
}

function noteRefusal(upstream: Upstream, { sharedLimits, registry, runtime }: Pool): void {
  const nowMs = runtime.clock.monotonicMs();
  const pacer = upstream.budget?.pacer;
  // At the end of its own budget a refusal is no wonder.
  if (!pacer?.source || pacer.used(nowMs) > UNDER_ITS_LIMIT) return;
  const other = sharedLimits.refused(upstream, registry.all, nowMs);
  if (!other) return;
  const { identity } = upstream;
  runtime.announcer.announce({ type: 'limit-shared', upstream: identity, other: other.identity });
}

/** What kind of request an upstream was asked. */
export function protocolOf({ ledger }: Question): Protocol {
  return ledger ? 'rpc' : 'http';
}

/** Suspects an upstream at which a request failed in a way that it may have caused itself. */
function suspect(
  exchange: Exchange,
  upstream: Upstream,
  { blame, protocol }: { readonly blame: Blame; readonly protocol: Protocol },
  { suspects }: Pool,
): void {
  const maySuspend = !exchange.hasSuspect && !blame.weak;
  exchange.hasSuspect ||= maySuspend;
  suspects.suspect(upstream, blame, { protocol, maySuspend, sinceMs: exchange.startedMs });
}

/** An answer broke off after its first byte was out. */
export function learnCut(exchange: Exchange, upstream: Upstream, protocol: Protocol, pool: Pool): void {
  upstream.failures += 1;
  suspect(exchange, upstream, { blame: { reason: 'cut' }, protocol }, pool);
}

/** One that only lacks a method is well. */
function isAboutWhole({ reason, method }: Blame): boolean {
  return method === undefined && reason !== 'method-unsupported';
}

/** The blames without those that the request itself may have caused. */
function inContext(exchange: Exchange, { upstream, question, outcome, verdict, startedMs }: Ended) {
  const { blames } = verdict;
  if (outcome.kind === 'answered') {
    // It went without the client's key, path and Host: that it is refused says nothing about what clients get.
    return question.isOwn ? [] : withoutCredentialBlames(blames, outcome.status, exchange);
  }
  if (outcome.kind !== 'timed-out' || upstream.answeredMs < startedMs) return blames;
  // It answered others meanwhile: it is the call that takes so long there, or calls of its kind.
  const [only, ...more] = new Set(question.asked.map(({ call }) => call.method));
  return only === undefined || more.length > 0 ? [] : blames.map((blame) => ({ ...blame, method: only }));
}

function banMethod(upstream: Upstream, blame: Blame, method: string, { quarantine, runtime }: Pool): void {
  const lacks = blame.reason === 'method-unsupported';
  // Behind one URL there may be several nodes, and a text may be misread.
  if (lacks && upstream.recentMethods.doubtOnce(method, runtime.clock.monotonicMs())) return;
  quarantine.add(upstream, blame);
}

function noteAnswer({ upstream, question, outcome, verdict }: Ended, pool: Pool): void {
  const { ledger, asked } = question;
  const nowMs = pool.runtime.clock.monotonicMs();
  const isNews = upstream.answeredMs < upstream.triedMs;
  upstream.answeredMs = nowMs;
  if (verdict.calls) upstream.answers.rpc = true;
  else if (!ledger && outcome.kind === 'answered' && outcome.status <= 299) {
    upstream.answers.http = true;
    upstream.recentMethods.answered(PLAIN_HTTP, nowMs);
  }
  pool.quarantine.succeeded(upstream);
  pool.suspects.cleared(upstream);
  if (isNews) pool.onlookers.serveAll();
  const { calls } = verdict;
  if (!calls) return;
  for (let index = 0; index < asked.length; index += 1) {
    const judged = calls.verdicts[index];
    const method = asked[index]?.call.method;
    if (judged?.kind === 'settle' && !judged.isError && method !== undefined)
      upstream.recentMethods.answered(method, nowMs);
  }
}

/**
 * Takes down in the ledger what the attempt means for each call, and remembers which upstream has made which filter.
 * A promise only where that needs a look-up; it does not reject.
 */
export function record(
  exchange: Exchange,
  { upstream, question, outcome, verdict }: Ended,
  pool: Pool,
  lookUps: TransactionLookUp,
): Promise<void> | undefined {
  const { ledger, asked } = question;
  if (!ledger) return undefined;
  if (asked.length === 0 && verdict.next !== 'another') ledger.endNotifications();
  const judgement = verdict.calls;
  if (!judgement || asked.length === 0) return undefined;
  const source: Source = { answered: outcome.kind === 'answered' ? outcome : undefined, upstream };
  ledger.record(asked, judgement, source);
  rememberFilters(exchange, ledger, { asked, upstream }, pool);
  const [only] = judgement.verdicts;
  if (only?.kind === 'settle' && !only.isError && isHeight(asked) && !upstream.hasLeft)
    pool.learnHeight(upstream, judgement.text, only.answer);
  if (!judgement.verdicts.some(({ kind }) => kind === 'known' || kind === 'nonce')) return undefined;
  return settleTransactions({ ledger, asked, judgement, source }, (hash) => lookUps.lookUp(hash, upstream));
}

function isHeight([entry, ...others]: readonly CallEntry[]): boolean {
  return others.length === 0 && entry?.call.method === 'eth_blockNumber';
}

/** A new filter's calls must go where it was made. One that has the id of another upstream's is of no use. */
function rememberFilters(
  { origin }: Exchange,
  ledger: Ledger,
  { asked, upstream }: { readonly asked: readonly CallEntry[]; readonly upstream: Upstream },
  { filters }: Pool,
): void {
  for (const entry of asked) {
    if (!makesFilter(entry.call.method) || entry.answer?.upstream !== upstream) continue;
    const id = resultIn(entry.answer.bytes);
    if (typeof id === 'string' && !filters.remember(id, upstream, clientKey(origin))) ledger.reopen(entry);
  }
}
