/** Why a request, or one of its calls, has no answer. */

import type { CallEntry, Ledger } from '../calls/ledger.ts';
import { type AnswerCode, OWN_ANSWERS } from '../errors.ts';
import type { Pool } from '../pools/pool.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Exchange } from './exchange.ts';
import { isRest, PLAIN_HTTP } from './method-limits.ts';

/** What one status can say of all calls. */
export function commonCode(ledger: Ledger): AnswerCode | undefined {
  const codes = new Set(ledger.entries.flatMap(({ ownCode }) => ownCode ?? []));
  const [code] = codes;
  return codes.size === 1 || [...codes].every((each) => OWN_ANSWERS[each].status === 200) ? code : undefined;
}

/** Why a call has no answer. */
export function missingCode(exchange: Exchange, entry: CallEntry, pool: Pool): AnswerCode {
  const { ownCode, home, attempts, rateLimits, call } = entry;
  if (ownCode) return ownCode;
  if (pool.runtime.clock.monotonicMs() >= exchange.deadlineMs) return 'REQUEST_TIMED_OUT';
  if (home) return 'FILTER_NOT_FOUND';
  if (ranShort(exchange)) return 'OVERLOADED';
  if (pool.queue.isClosed) return 'SHUTTING_DOWN';
  if (attempts > 0)
    return rateLimits === attempts || exchange.lackedRoom ? 'RATE_LIMITED' : 'ALL_UPSTREAMS_FAILED';
  return bannedCode(call.method, pool) ?? failureCode(exchange, pool);
}

/** What a call has that no upstream is asked for, because of its method. */
function bannedCode(method: string | undefined, pool: Pool): AnswerCode | undefined {
  if (method === undefined) return undefined;
  const { registry, quarantine, availability } = pool;
  const banAt = (upstream: Upstream) => quarantine.methods.banOf(upstream, method);
  if (registry.all.every((upstream) => banAt(upstream)?.reason === 'method-unsupported'))
    return 'METHOD_NOT_SUPPORTED';
  const bans = registry.all.filter((upstream) => availability.isUsable(upstream)).map(banAt);
  return bans.some(isRest) && !bans.includes(undefined) ? 'RATE_LIMITED' : undefined;
}

/** Why a request as a whole has no answer. */
export function failureCode(exchange: Exchange, pool: Pool): AnswerCode {
  if (ranShort(exchange)) return 'OVERLOADED';
  if (pool.queue.isClosed) return 'SHUTTING_DOWN';
  // Those that failed could not have answered, and those that could had no room.
  if (exchange.lackedRoom) return 'RATE_LIMITED';
  if (exchange.attempts.length > 0) return allRateLimited(exchange) ? 'RATE_LIMITED' : 'ALL_UPSTREAMS_FAILED';
  if (pool.availability.onlyRateLimited()) return 'RATE_LIMITED';
  return (exchange.ledger ? undefined : bannedCode(PLAIN_HTTP, pool)) ?? 'NO_UPSTREAM_AVAILABLE';
}

/** An upstream could not be asked because this machine lacks descriptors, ports or memory: the failure is ours. */
function ranShort({ attempts }: Exchange): boolean {
  return attempts.some(({ result }) => result === 'shortage');
}

/** Whether all attempts were refused for a rate limit. */
export function allRateLimited(exchange: Exchange): boolean {
  return exchange.attempts.length > 0 && exchange.attempts.every(({ result }) => result === 'rate-limited');
}
