/** Sends a request to a second upstream as well, when the first takes longer than usual. */

import { leastWorth, RESULT } from '../calls/call-verdict.ts';
import type { HedgeResult } from '../events.ts';
import { valuesOf } from '../http/header-lines.ts';
import type { Hedges } from '../pools/hedges.ts';
import type { Pool } from '../pools/pool.ts';
import { makesFilter } from '../rpc/filters.ts';
import { carriesTransaction } from '../rpc/methods.ts';
import type { HasAlarm } from '../speed/alarms.ts';
import { isSilent } from '../upstreams/slow-lists.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { Ended } from './ended.ts';
import type { Exchange } from './exchange.ts';

/** Methods of HTTP that only read (RFC 9110, 9.2.1). */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** When there was no budget for it, or no upstream. */
const LOOK_AGAIN_MS = 50;
/** So long the first one may still do better than an error from the second, or as long as it has taken by then. */
const LEAST_KEPT_MS = 2_000;

/** What starts the second attempt. */
export interface HedgedRace {
  /** Asks another upstream that has room to spare, beside the one under way. Undefined when there is none. */
  startBeside(first: Upstream): Upstream | undefined;
  /** Goes on with the end of an attempt that was kept back. */
  tell(ended: Ended): void;
}

/** At most one for each request, unless both are silent. Waits for no upstream, and does nothing where the first one answers in time. */
export class Hedge implements HasAlarm {
  alarmIndex = -1;
  alarmAtMs = 0;
  readonly #race: HedgedRace;
  readonly #hedges: Hedges;
  readonly #exchange: Exchange;
  /** The first one, while it is under way alone. */
  #first: Upstream | undefined;
  #second: Upstream | undefined;
  #firstStartedMs = 0;
  /** The first one is under way, and an error from the second is not told while it is. */
  #mayDoBetter = false;
  /** What is kept back of the second one. */
  #kept: Ended | undefined;
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
    this.#firstStartedMs = nowMs;
    // One that is tried again would not have been asked: an error from the second is what its client would have got.
    this.#mayDoBetter = !upstream.slow;
    const delayMs = this.#hedges.delayMs(upstream, this.#exchange.latencyKey);
    if (delayMs !== undefined) this.#hedges.alarms.set(this, nowMs + delayMs);
  }

  onAlarm(nowMs: number): void {
    const first = this.#first;
    const kept = this.#kept;
    if (kept) {
      this.#kept = undefined;
      this.#race.tell(this.#told(kept));
    } else if (first && !asksForEvents(this.#exchange)) {
      if (this.#mayAsk(first)) this.#askBeside(first);
      this.#hedges.alarms.set(this, nowMs + LOOK_AGAIN_MS);
    }
  }

  /** An attempt is over. Returns the one to go on with; undefined where it is kept back, since the first may do better. */
  ended(ended: Ended): Ended | undefined {
    const { alarms } = this.#hedges;
    alarms.unset(this);
    const kept = this.#kept;
    if (kept) {
      this.#kept = undefined;
      const isBetter = ended.verdict.next === 'deliver' && !isPoor(ended);
      cancelStream(isBetter ? kept : ended);
      return this.#told(isBetter ? ended : kept);
    }
    if (ended.upstream === this.#first) this.#mayDoBetter = false;
    if (!this.#second || !this.#mayDoBetter || !isPoor(ended)) return this.#told(ended);
    this.#kept = ended;
    const endMs = ended.startedMs + ended.durationMs;
    alarms.set(this, endMs + Math.max(LEAST_KEPT_MS, endMs - this.#firstStartedMs));
    return undefined;
  }

  /** No further attempt is of interest. */
  over(): void {
    this.#hedges.alarms.unset(this);
    if (this.#kept) cancelStream(this.#kept);
    this.#kept = undefined;
    if (this.#second) this.#decide(this.#exchange.left ? 'client-left' : 'failed');
  }

  #mayAsk(first: Upstream): boolean {
    // Of two that are silent nothing is to be hoped for.
    if (this.#second && !(isSilent(first) && isSilent(this.#second))) return false;
    return this.#hedges.budget.has(this.#exchange.callCount, first.slow !== undefined);
  }

  #askBeside(first: Upstream): void {
    const next = this.#race.startBeside(first);
    if (!next) return;
    this.#hedges.budget.spend(this.#exchange.callCount);
    if (this.#second) {
      this.#first = this.#second;
      this.#mayDoBetter = false;
    }
    this.#second = next;
  }

  #told(ended: Ended): Ended {
    if (ended.verdict.next !== 'deliver') return ended;
    this.#hedges.budget.earn(this.#exchange.callCount);
    // A third one that answers was asked when both had failed.
    if (ended.upstream === this.#second) this.#decide('won');
    else if (this.#second) this.#decide(ended.upstream === this.#first ? 'lost' : 'failed');
    return ended;
  }

  #decide(result: HedgeResult): void {
    if (this.#isDecided) return;
    this.#isDecided = true;
    this.#hedges.announce(result);
  }
}

/** Undefined where no second upstream may be asked at the same time. */
export function hedgeFor(race: HedgedRace, exchange: Exchange, pool: Pool): Hedge | undefined {
  const { hedges, registry, settings } = pool;
  if (!hedges || registry.all.length < 2 || settings.maxAttempts < 2 || !mayHedge(exchange)) return undefined;
  return new Hedge(race, exchange, hedges);
}

/**
 * Whether a request may be answered by two upstreams at the same time: it reads. A signed transaction could be sent twice,
 * but it acts, and of two filters one would be left over.
 */
function mayHedge({ body, upgrade, repeat, ledger, request, headers }: Exchange): boolean {
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

/** Whether an answer can be told, but a better one can be thought of: an error of the client's kind, or a null. */
function isPoor({ outcome, verdict: { next, calls } }: Ended): boolean {
  if (next !== 'deliver' || outcome.kind !== 'answered') return false;
  if (calls) return leastWorth(calls) < RESULT;
  return outcome.status >= 400;
}

function cancelStream({ outcome }: Ended): void {
  if (outcome.kind === 'answered') outcome.stream?.cancel();
}
