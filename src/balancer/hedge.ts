/** Sends a request to a second upstream as well, when the first takes longer than usual. */

import type { HedgeResult } from '../events.ts';
import { valuesOf } from '../http/header-lines.ts';
import type { Hedges } from '../pools/hedges.ts';
import { makesFilter } from '../rpc/filters.ts';
import { carriesTransaction } from '../rpc/methods.ts';
import type { HasAlarm } from '../speed/alarms.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Ended } from './ended.ts';
import type { Exchange } from './exchange.ts';

/** Methods of HTTP that only read (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** When there was no budget for it, or no upstream. */
const LOOK_AGAIN_MS = 50;

/** What starts the second attempt. */
export interface HedgedRace {
  /** Asks another upstream that has room to spare, beside the one under way. Undefined when there is none. */
  startBeside(first: Upstream): Upstream | undefined;
}

/** At most one for each request. Waits for no upstream, and does nothing where the first one answers in time. */
export class Hedge implements HasAlarm {
  alarmIndex = -1;
  alarmAtMs = 0;
  readonly #race: HedgedRace;
  readonly #hedges: Hedges;
  readonly #exchange: Exchange;
  /** The first one, while it is under way alone. */
  #first: Upstream | undefined;
  #second: Upstream | undefined;
  #isDecided = false;

  constructor(race: HedgedRace, exchange: Exchange, hedges: Hedges) {
    this.#race = race;
    this.#exchange = exchange;
    this.#hedges = hedges;
  }

  /** An attempt is under way, alone. */
  watch(upstream: Upstream, nowMs: number): void {
    if (this.#second) return;
    this.#first = upstream;
    const delayMs = this.#hedges.delayMs(upstream, this.#exchange.latencyKey);
    if (delayMs !== undefined) this.#hedges.alarms.set(this, nowMs + delayMs);
  }

  onAlarm(nowMs: number): void {
    const first = this.#first;
    if (!first || asksForEvents(this.#exchange)) return;
    const { callCount } = this.#exchange;
    const { budget, alarms } = this.#hedges;
    if (budget.has(callCount, first.slow?.isSilent)) this.#second = this.#race.startBeside(first);
    if (this.#second) budget.spend(callCount);
    else alarms.set(this, nowMs + LOOK_AGAIN_MS);
  }

  /** An attempt is over. */
  ended({ upstream, verdict }: Ended): void {
    this.#hedges.alarms.unset(this);
    if (verdict.next !== 'deliver') return;
    this.#hedges.budget.earn(this.#exchange.callCount);
    if (!this.#second) return;
    // A third one that answers was asked when both had failed.
    if (upstream === this.#second) this.#decide('won');
    else this.#decide(upstream === this.#first ? 'lost' : 'failed');
  }

  /** No further attempt is of interest. */
  over(): void {
    this.#hedges.alarms.unset(this);
    if (this.#second) this.#decide(this.#exchange.left ? 'client-left' : 'failed');
  }

  #decide(result: HedgeResult): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#hedges.announce(result);
  }
}

/**
 * Whether a request may be answered by two upstreams at the same time: it reads. A signed transaction could be sent twice,
 * but it acts, and of two filters one would be left over.
 */
export function mayHedge({ body, upgrade, repeat, ledger, request, headers }: Exchange): boolean {
  if (body.kind !== 'kept' || upgrade || repeat !== 'always' || headers.logsIn) return false;
  if (!ledger) return SAFE_METHODS.has(request.method ?? '');
  if (ledger.hasNotifications) return false;
  return ledger.entries.every(
    ({ home, call: { method } }) =>
      !home && !makesFilter(method) && (method === undefined || !carriesTransaction(method)),
  );
}

/** Whether the second upstream's limit is another one than the first's, and far away. */
export function hasBudgetToSpare(second: Upstream, first: Upstream, nowMs: number): boolean {
  return !second.budget || (second.budget !== first.budget && !second.budget.pacer.isScarce(nowMs));
}

/** A stream of events may begin whenever it likes. */
function asksForEvents({ headers, rpc }: Exchange): boolean {
  return !rpc && valuesOf(headers.forward, 'accept').some((value) => /\btext\/event-stream\b/i.test(value));
}
