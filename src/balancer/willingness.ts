/** Decides which upstreams the open calls of a request may go to. */

import type { CallEntry, Ledger } from '../calls/ledger.ts';
import type { Pool } from '../pools/pool.ts';
import { LOGS_METHOD, spanOf } from '../rpc/logs-range.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import { batchLimit, ceilingLimit } from './batch-limit.ts';
import type { Willingness } from './candidate.ts';
import { canCutBatch, canCutRange } from './cut.ts';
import type { Exchange } from './exchange.ts';
import { isRest, PLAIN_HTTP } from './method-limits.ts';

const NONE: readonly CallEntry[] = [];

/**
 * A call goes to an upstream that is banned for its method only when no other upstream is left. To one that takes less at
 * once it goes only when it can't be had in pieces, and nobody has refused it for its size yet: so that the
 * client is told the limit. What can be had in pieces is not asked of one that is out.
 */
export class CallsWillingness implements Willingness {
  readonly #exchange: Exchange;
  readonly #ledger: Ledger | undefined;
  readonly #pool: Pool;

  constructor(exchange: Exchange, pool: Pool) {
    this.#exchange = exchange;
    this.#ledger = exchange.ledger;
    this.#pool = pool;
  }

  prefers(upstream: Upstream): boolean {
    const ledger = this.#ledger;
    if (!ledger?.hasOpen) return this.#takesOther(upstream);
    const isOne = ledger.entries.some(
      (entry) => entry.state === 'open' && this.#isPreferred(entry, upstream),
    );
    if (!isOne || this.#batchLimit(upstream) === undefined) return isOne;
    return this.#takesAll(
      ledger.openFor((entry) => this.#isPreferred(entry, upstream)),
      upstream,
    );
  }

  accepts(upstream: Upstream): boolean {
    const ledger = this.#ledger;
    if (!ledger?.hasOpen) return this.#takesOther(upstream);
    const calls = ledger.openFor((entry) => this.#isAccepted(entry, upstream));
    if (calls.length === 0) return false;
    const isOut = !this.#pool.availability.isUsable(upstream);
    if (this.#takesAll(calls, upstream)) return !isOut || !canCutBatch(this.#exchange, this.#pool);
    if (calls.some(({ tooLarge }) => tooLarge === 'batch') || canCutBatch(this.#exchange, this.#pool))
      return false;
    return this.#fitsCeiling(calls, upstream);
  }

  /** The calls to send to an upstream now. */
  callsFor(upstream: Upstream): readonly CallEntry[] {
    const ledger = this.#ledger;
    if (!ledger) return NONE;
    const preferred = ledger.openFor((entry) => this.#isPreferred(entry, upstream));
    if (preferred.length > 0 && this.#takesAll(preferred, upstream)) return preferred;
    const calls = ledger.openFor((entry) => this.#isAccepted(entry, upstream));
    for (const { call } of calls)
      if (call.method !== undefined) this.#pool.quarantine.methods.noteTrial(upstream, call.method);
    return calls;
  }

  /** Plain HTTP; and notifications, which may go to any upstream. */
  #takesOther(upstream: Upstream): boolean {
    const isOut = !this.#ledger && isRest(this.#pool.quarantine.methods.banOf(upstream, PLAIN_HTTP));
    if (isOut) return false;
    return this.#fitsCeiling(NONE, upstream);
  }

  #isPreferred(entry: CallEntry, upstream: Upstream): boolean {
    const { home, call } = entry;
    if (home && home !== upstream) return false;
    const { method } = call;
    if (method === undefined) return true;
    if (this.#pool.quarantine.methods.banOf(upstream, method) !== undefined) return false;
    return method !== LOGS_METHOD || this.#takesRange(entry, upstream);
  }

  #isAccepted(entry: CallEntry, upstream: Upstream): boolean {
    if (entry.call.method === LOGS_METHOD && !this.#isWorthAsking(entry, upstream)) return false;
    return this.#isPreferred(entry, upstream) || this.#hasMethod(entry, upstream);
  }

  /** Whether it is worth a trial that an upstream may lack the method after all. */
  #hasMethod({ home, call, attempts }: CallEntry, upstream: Upstream): boolean {
    const { quarantine, runtime } = this.#pool;
    if (home && home !== upstream) return false;
    if (call.method === undefined) return true;
    const ban = quarantine.methods.banOf(upstream, call.method);
    // A time-out may be due to one call alone.
    if (ban === undefined || ban.reason === 'timeout') return true;
    if (isRest(ban)) return false;
    // The ban may be due to one client's parameters: others have had answers.
    if (upstream.recentMethods.has(call.method, runtime.clock.monotonicMs())) return true;
    // A call that failed elsewhere need not hear again that a method is missing.
    return attempts === 0 && quarantine.methods.mayAskAnyway(upstream, call.method);
  }

  #isWorthAsking(entry: CallEntry, upstream: Upstream): boolean {
    const takes = this.#takesRange(entry, upstream);
    if (takes && this.#pool.availability.isUsable(upstream)) return true;
    return (takes || entry.tooLarge === undefined) && !canCutRange(this.#exchange, entry, this.#pool);
  }

  /** Whether an upstream takes a range of blocks as wide as that, as far as it is known. */
  #takesRange(entry: CallEntry, upstream: Upstream): boolean {
    const limit = upstream.capacities.logsRange.limit(this.#pool.runtime.clock);
    if (limit === undefined) return true;
    const range = this.#ledger?.rangeOf(entry);
    const blocks = range && spanOf(range, upstream.blockHeight);
    return blocks === undefined || blocks <= limit;
  }

  #takesAll(calls: readonly CallEntry[], upstream: Upstream): boolean {
    const limit = this.#batchLimit(upstream);
    return limit === undefined || (this.#ledger?.sizeOf(calls.length) ?? 0) <= limit;
  }

  /** How many calls in a batch an upstream takes; undefined when that is not known, and for a call that is no batch. */
  #batchLimit(upstream: Upstream): number | undefined {
    return this.#ledger?.rpc.batch ? batchLimit(upstream, this.#pool) : undefined;
  }

  /** A batch that does not can't be had at all when it can't be cut. */
  #fitsCeiling(calls: readonly CallEntry[], upstream: Upstream): boolean {
    const limit = this.#ledger?.rpc.batch ? ceilingLimit(upstream) : undefined;
    const fits = limit === undefined || (this.#ledger?.sizeOf(calls.length) ?? 0) <= limit;
    this.#exchange.lackedRoom ||= !fits;
    return fits;
  }
}
