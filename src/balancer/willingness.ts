/** Decides which upstreams the open calls of a request may go to. */

import type { CallEntry, Ledger } from '../calls/ledger.ts';
import type { Pool } from '../pools/pool.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Willingness } from './candidate.ts';

const NONE: readonly CallEntry[] = [];

/** A call goes to an upstream that is banned for its method only when no other upstream is left. */
export class CallsWillingness implements Willingness {
  readonly #ledger: Ledger | undefined;
  readonly #pool: Pool;

  constructor(ledger: Ledger | undefined, pool: Pool) {
    this.#ledger = ledger;
    this.#pool = pool;
  }

  prefers(upstream: Upstream): boolean {
    // Notifications may go to any upstream.
    if (!this.#ledger?.hasOpen) return true;
    return this.#ledger.entries.some((entry) => entry.state === 'open' && this.#isPreferred(entry, upstream));
  }

  accepts(upstream: Upstream): boolean {
    if (!this.#ledger?.hasOpen) return true;
    return this.#ledger.entries.some((entry) => entry.state === 'open' && this.#isAccepted(entry, upstream));
  }

  /** The calls to send to an upstream now. */
  callsFor(upstream: Upstream): readonly CallEntry[] {
    const ledger = this.#ledger;
    if (!ledger) return NONE;
    const preferred = ledger.openFor((entry) => this.#isPreferred(entry, upstream));
    if (preferred.length > 0) return preferred;
    const calls = ledger.openFor((entry) => this.#isAccepted(entry, upstream));
    for (const { call } of calls)
      if (call.method !== undefined) this.#pool.quarantine.noteMethodTrial(upstream, call.method);
    return calls;
  }

  #isPreferred({ home, call }: CallEntry, upstream: Upstream): boolean {
    if (home && home !== upstream) return false;
    const { method } = call;
    return method === undefined || this.#pool.quarantine.methodBan(upstream, method) === undefined;
  }

  #isAccepted(entry: CallEntry, upstream: Upstream): boolean {
    if (this.#isPreferred(entry, upstream)) return true;
    const { quarantine, runtime } = this.#pool;
    const { home, call, attempts } = entry;
    if (home && home !== upstream) return false;
    if (call.method === undefined) return true;
    // A call that failed elsewhere need not hear again that a method is missing; a time-out may be due to one call alone.
    const lacks = quarantine.methodBan(upstream, call.method)?.reason === 'method-unsupported';
    // The ban may be due to one client's parameters: others have had answers.
    if (!lacks || upstream.recentMethods.has(call.method, runtime.clock.monotonicMs())) return true;
    return attempts === 0 && quarantine.mayAskAnyway(upstream, call.method);
  }
}
