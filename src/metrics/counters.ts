/** Counts what is announced, since the start. */

import {
  ATTEMPT_RESULTS,
  type AttemptResult,
  type Event,
  FAILURE_REASONS,
  type FailureReason,
  HEDGE_RESULTS,
  type HedgeResult,
  type PoolIdentity,
  REQUEST_RESULTS,
  type RequestResult,
  SWITCHED,
  type UpstreamIdentity,
} from '../events.ts';
import { Durations } from './durations.ts';
import { tellsLatency } from './latencies.ts';
import { MethodCounts } from './method-counts.ts';
import { tallyOf } from './tally.ts';

/** What is counted of one upstream. */
export interface AttemptCounts {
  readonly results: Record<AttemptResult, number>;
  /** Of the attempts that show how long an answer takes: see `tellsLatency`. */
  readonly durations: Durations;
}

/** What is counted of the requests to one pool. */
export class PoolCounts {
  readonly requests: Record<RequestResult, number> = tallyOf(REQUEST_RESULTS);
  readonly methods = new MethodCounts();
  readonly hedges: Record<HedgeResult, number> = tallyOf(HEDGE_RESULTS);
  /** Without tunnels, which last as long as the client wants. */
  readonly requestDurations = new Durations();
  /** Of those that waited for an upstream. */
  readonly queueWaits = new Durations();
}

/**
 * Plain numbers, which become text only when they are read: prom-client's counters and histograms look up their labels
 * at each call, which would take 2 µs of every request.
 */
export class Counters {
  /** By kind. */
  readonly alerts: Record<string, number>;
  /** How often the process was overloaded, and whether it is. */
  readonly overloads = { begun: 0, ended: 0 };
  /** By notifier. */
  readonly alertsLost: Record<string, number>;
  readonly #pools = new WeakMap<PoolIdentity, PoolCounts>();
  /** The key is the announced object: a removed upstream leaves nothing behind, not even for one of the same name. */
  readonly #attempts = new WeakMap<UpstreamIdentity, AttemptCounts>();

  constructor(alertKinds: readonly string[], notifiers: readonly string[]) {
    this.alerts = tallyOf(alertKinds);
    this.alertsLost = tallyOf(notifiers);
  }

  of(pool: PoolIdentity): PoolCounts {
    let counts = this.#pools.get(pool);
    if (!counts) {
      counts = new PoolCounts();
      this.#pools.set(pool, counts);
    }
    return counts;
  }

  attemptsOf(upstream: UpstreamIdentity): AttemptCounts {
    let counts = this.#attempts.get(upstream);
    if (!counts) {
      counts = { results: tallyOf(ATTEMPT_RESULTS), durations: new Durations() };
      this.#attempts.set(upstream, counts);
    }
    return counts;
  }

  /** How often attempts at an upstream failed, by why; only what has happened. */
  failuresOf(upstream: UpstreamIdentity): Partial<Record<FailureReason, number>> {
    const failures: Partial<Record<FailureReason, number>> = {};
    const results = this.#attempts.get(upstream)?.results;
    if (!results) return failures;
    for (const reason of FAILURE_REASONS) if (results[reason] > 0) failures[reason] = results[reason];
    return failures;
  }

  /** To be called with every announced event. */
  hear(event: Event): void {
    switch (event.type) {
      case 'attempt-finished': {
        const counts = this.attemptsOf(event.upstream);
        counts.results[event.result] += 1;
        if (tellsLatency(event)) counts.durations.add(event.durationMs);
        break;
      }
      case 'request-finished': {
        const counts = this.of(event.pool);
        counts.requests[event.result] += 1;
        counts.methods.count(event.rpcMethod, event.result);
        if (event.queuedMs > 0) counts.queueWaits.add(event.queuedMs);
        if (event.status !== SWITCHED) counts.requestDurations.add(event.durationMs);
        break;
      }
      case 'alert-sent':
        this.alerts[event.kind] = (this.alerts[event.kind] ?? 0) + 1;
        break;
      case 'overload-began':
        this.overloads.begun += 1;
        break;
      case 'overload-ended':
        this.overloads.ended += 1;
        break;
      case 'alert-lost':
        this.alertsLost[event.notifier] = (this.alertsLost[event.notifier] ?? 0) + 1;
        break;
      case 'hedge-finished':
        this.of(event.pool).hedges[event.result] += 1;
        break;
      case 'tunnel-opened':
      case 'upstream-quarantined':
      case 'quarantine-extended':
      case 'upstream-released':
      case 'upstream-down':
      case 'upstream-up':
      case 'upstream-kept':
      case 'upstream-lagging':
      case 'upstream-caught-up':
      case 'limit-shared':
      case 'upstream-slow':
      case 'upstream-quick':
      case 'upstream-added':
      case 'upstream-removed':
      case 'upstream-changed':
      case 'chain-undecided':
      case 'limit-learnt':
      case 'strategy-changed':
      case 'settings-reloaded':
      case 'reload-refused':
      case 'pool-added':
      case 'pool-removed':
      case 'shortage':
      case 'name-lost':
      case 'name-found':
      case 'alert-failed':
      case 'alerts-resumed':
        break;
      default:
        event satisfies never;
    }
  }
}
