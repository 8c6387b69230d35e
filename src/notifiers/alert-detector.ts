/** Finds in what the program announces of one pool what its operators must know. */

import type { Clock } from '../clock.ts';
import { type Event, type EventOf, SWITCHED } from '../events.ts';
import { type Cooldown, Incident } from './incident.ts';
import { isAboutCredentials, type Messages } from './messages.ts';
import type { Alert } from './notifier.ts';
import { Outages } from './outages.ts';

/** Codes of the refusals that mean that every upstream is out. The client itself causes all others. */
const NO_UPSTREAM_CODES: ReadonlySet<string | undefined> = new Set(['NO_UPSTREAM_AVAILABLE', 'RATE_LIMITED']);

/**
 * Each kind of alert has one Incident, whose states are described there, or one for each upstream:
 *
 *     kind                     | occurs                                        | ends
 *     all-upstreams-failed     | request failed, or refused: no upstream       | request answered
 *     fallback-in-use          | request answered by a fallback, primaries out | request answered by a primary
 *     credentials (each)       | quarantined for plan or auth                  | never: see below
 *     wrong-chain (each)       | down for wrong-chain                          | up
 *     wrong-chain (of all)     | upstreams disagree, without a majority        | never
 *     upstream-removed (each)  | removed as unhealthy                          | never
 *
 * A tunnel counts as answered when it is opened; its end, which may come days later, counts for nothing. No `resolved`
 * is sent for credentials, since nothing shows the end: an answer may belong to a request that was under way, or to one
 * that the plan still includes.
 */
export class AlertDetector {
  readonly #newIncident: () => Incident;
  readonly #messages: Messages;
  readonly #send: (alert: Alert) => void;
  readonly #outages: Outages;
  readonly #allFailed: Incident;
  readonly #fallbackInUse: Incident;
  readonly #credentials = new Map<string, Incident>();
  readonly #wrongChain = new Map<string, Incident>();
  readonly #removed = new Map<string, Incident>();
  readonly #undecided: Incident;

  constructor(clock: Clock, cooldown: Cooldown, messages: Messages, send: (alert: Alert) => void) {
    this.#newIncident = () => new Incident(clock, cooldown);
    this.#messages = messages;
    this.#send = send;
    this.#outages = new Outages(clock);
    this.#allFailed = this.#newIncident();
    this.#fallbackInUse = this.#newIncident();
    this.#undecided = this.#newIncident();
  }

  hear(event: Event): void {
    switch (event.type) {
      case 'request-finished':
        this.#onFinished(event);
        break;
      case 'tunnel-opened':
        this.#onAnswered(event);
        break;
      case 'upstream-quarantined':
        this.#outages.note(event);
        if (!event.inQuestion) this.#onCredentials(event);
        break;
      case 'upstream-down':
        this.#outages.note(event);
        if (event.reason === 'wrong-chain') this.#onWrongChain(event);
        break;
      case 'upstream-up':
        this.#outages.note(event);
        this.#onUp(event);
        break;
      case 'upstream-released':
        this.#outages.note(event);
        break;
      case 'upstream-removed':
        this.#outages.note(event);
        if (event.cause === 'unhealthy') this.#onRemoved(event);
        break;
      case 'pool-removed':
        this.#onPoolRemoved();
        break;
      case 'chain-undecided':
        if (this.#undecided.occur()) this.#send(this.#messages.chainUndecided(event));
        break;
      case 'attempt-finished':
      case 'limit-learnt':
      case 'limit-shared':
      case 'upstream-added':
      case 'upstream-changed':
      case 'upstream-lagging':
      case 'upstream-caught-up':
      case 'upstream-slow':
      case 'upstream-quick':
      case 'hedge-finished':
      case 'upstream-kept':
      case 'strategy-changed':
      case 'settings-reloaded':
      case 'reload-refused':
      case 'pool-added':
      case 'alert-sent':
      case 'alert-failed':
      case 'overload-began':
      case 'overload-ended':
      case 'shortage':
      case 'name-lost':
      case 'name-found':
        break;
      default:
        event satisfies never;
    }
  }

  #onFinished(event: EventOf<'request-finished'>): void {
    const { result } = event;
    switch (result) {
      case 'answered':
        // The end of a tunnel, which was counted when it was opened.
        if (event.status !== SWITCHED) this.#onAnswered(event);
        break;
      case 'failed':
        this.#onNotAnswered(event);
        break;
      case 'refused':
        if (NO_UPSTREAM_CODES.has(event.code)) this.#onNotAnswered(event);
        break;
      case 'client-left':
      case 'cut':
        break;
      default:
        result satisfies never;
    }
  }

  /** Runs for every request: three comparisons while there is no incident. */
  #onAnswered(event: EventOf<'request-finished' | 'tunnel-opened'>): void {
    if (!this.#allFailed.isCalm) {
      const report = this.#allFailed.end();
      if (report) this.#send(this.#messages.answeredAgain(report, event));
    }
    if (event.primariesOut) {
      const report = this.#fallbackInUse.occur();
      if (report) {
        this.#send(this.#messages.fallbackInUse(report, event, this.#outages.describe('primary')));
      }
    } else if (!this.#fallbackInUse.isCalm && event.upstream?.tier === 'primary') {
      const report = this.#fallbackInUse.end();
      if (report) this.#send(this.#messages.primariesBack(report, event));
    }
  }

  #onNotAnswered(event: EventOf<'request-finished'>): void {
    const report = this.#allFailed.occur();
    if (report) this.#send(this.#messages.allFailed(report, event, this.#outages.describe()));
  }

  /** Nobody sends it requests any more, whose answers would show the end. */
  #onPoolRemoved(): void {
    for (const [kind, incident] of [
      ['all-upstreams-failed', this.#allFailed],
      ['fallback-in-use', this.#fallbackInUse],
    ] as const) {
      const report = incident.end();
      if (report) this.#send(this.#messages.poolRemoved(report, kind));
    }
  }

  #onCredentials(event: EventOf<'upstream-quarantined'>): void {
    const { reason } = event;
    if (!isAboutCredentials(reason)) return;
    const report = this.#incidentOf(this.#credentials, event.upstream.name).occur();
    if (report) this.#send(this.#messages.credentials(event, reason));
  }

  #onWrongChain(event: EventOf<'upstream-down'>): void {
    const report = this.#incidentOf(this.#wrongChain, event.upstream.name).occur();
    if (report) this.#send(this.#messages.wrongChain(report, event));
  }

  #onRemoved(event: EventOf<'upstream-removed'>): void {
    if (this.#incidentOf(this.#removed, event.upstream.name).occur())
      this.#send(this.#messages.removed(event));
  }

  #onUp(event: EventOf<'upstream-up'>): void {
    const report = this.#wrongChain.get(event.upstream.name)?.end();
    if (report) this.#send(this.#messages.rightChain(report, event));
  }

  /** One for each name, so as few as there are upstreams; kept, since its cool-down may last longer than the incident. */
  #incidentOf(incidents: Map<string, Incident>, name: string): Incident {
    let incident = incidents.get(name);
    if (!incident) {
      incident = this.#newIncident();
      incidents.set(name, incident);
    }
    return incident;
  }
}
