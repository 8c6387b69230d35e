import type { Clock } from '../clock.ts';
import { type Announcer, type Event, type EventOf, SWITCHED } from '../events.ts';
import { Incident } from './incident.ts';
import { isAboutCredentials, Messages } from './messages.ts';
import type { Alert, NamedNotifier } from './notifier.ts';
import { Outages } from './outages.ts';
import { Outbox } from './outbox.ts';

export interface AlertsOptions {
  readonly announcer: Announcer;
  /** Each gets every alert. Without any nobody is told anything. */
  readonly notifiers: readonly NamedNotifier[];
  readonly clock: Clock;
  /** The same alert is not sent again within this many milliseconds. */
  readonly cooldownMs: number;
  /** Of this machine: tells the operators which replica speaks. */
  readonly hostname: string;
  readonly env: string | undefined;
}

export interface Alerts {
  /** For the shutdown: waits until all alerts were sent or given up, `timeoutMs` at the most. Never rejects. */
  drain(timeoutMs: number): Promise<void>;
}

/** Listens to what the program announces and tells the operators what they must know. */
export function createAlerts({
  announcer,
  notifiers,
  clock,
  cooldownMs,
  hostname,
  env,
}: AlertsOptions): Alerts {
  if (notifiers.length === 0) return { drain: async () => {} };
  // One each: a slow notifier delays no other.
  const outboxes = notifiers.map((notifier) => new Outbox(notifier, announcer, clock));
  const send = (alert: Alert) => {
    for (const outbox of outboxes) outbox.put(alert);
  };
  const lookout = new Lookout(clock, cooldownMs, new Messages(hostname, env), send);
  announcer.listen((event) => lookout.see(event));
  return {
    async drain(timeoutMs) {
      await Promise.all(outboxes.map((outbox) => outbox.drain(timeoutMs)));
    },
  };
}

/** Codes of the refusals that mean: every upstream is out. Other refusals are the client's own doing. */
const OUT_OF_UPSTREAMS: ReadonlySet<string | undefined> = new Set(['NO_UPSTREAM_AVAILABLE', 'RATE_LIMITED']);

/**
 * Turns events into alerts. Each kind of trouble is one Incident (its states stand there), or one for
 * each upstream:
 *
 *     kind                  | seen                                          | over
 *     all-upstreams-failed  | request failed, or refused for want of one    | request answered
 *     fallback-in-use       | request answered by a fallback, primaries out | request answered by a primary
 *     credentials (each)    | quarantined for plan or auth                  | never: see below
 *     wrong-chain (each)    | down for wrong-chain                          | up
 *     wrong-chain (of all)  | upstreams disagree, nobody can tell           | never
 *     upstream-removed      | removed as unhealthy, each                    | never
 *
 * A tunnel counts as answered when it is opened; its end, which may come days later, counts as nothing.
 * No `resolved` is sent for credential trouble, since nothing shows its end: an answer may belong to a
 * request that was under way, or to one that the plan still includes.
 */
class Lookout {
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

  constructor(clock: Clock, cooldownMs: number, messages: Messages, send: (alert: Alert) => void) {
    this.#newIncident = () => new Incident(clock, cooldownMs);
    this.#messages = messages;
    this.#send = send;
    this.#outages = new Outages(clock);
    this.#allFailed = this.#newIncident();
    this.#fallbackInUse = this.#newIncident();
    this.#undecided = this.#newIncident();
  }

  see(event: Event): void {
    switch (event.type) {
      case 'request-finished':
        this.#finished(event);
        break;
      case 'tunnel-opened':
        this.#answered(event);
        break;
      case 'upstream-quarantined':
        this.#outages.note(event);
        if (!event.inQuestion) this.#credentialTrouble(event);
        break;
      case 'upstream-down':
        this.#outages.note(event);
        if (event.reason === 'wrong-chain') this.#onWrongChain(event);
        break;
      case 'upstream-up':
        this.#outages.note(event);
        this.#up(event);
        break;
      case 'upstream-released':
        this.#outages.note(event);
        break;
      case 'upstream-removed':
        this.#outages.note(event);
        if (event.cause === 'unhealthy') this.#onRemoved(event);
        break;
      case 'chain-undecided':
        if (this.#undecided.seen()) this.#send(this.#messages.chainUndecided(event));
        break;
      case 'attempt-finished':
      case 'upstream-added':
      case 'upstream-changed':
      case 'upstream-lagging':
      case 'upstream-caught-up':
      case 'upstream-kept':
      case 'strategy-changed':
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

  #finished(event: EventOf<'request-finished'>): void {
    const { result } = event;
    switch (result) {
      case 'answered':
        // The end of a tunnel: that it was answered is old news.
        if (event.status !== SWITCHED) this.#answered(event);
        break;
      case 'failed':
        this.#notAnswered(event);
        break;
      case 'refused':
        if (OUT_OF_UPSTREAMS.has(event.code)) this.#notAnswered(event);
        break;
      case 'client-left':
      case 'cut':
        break;
      default:
        result satisfies never;
    }
  }

  /** Runs for every request: three comparisons while all is well. */
  #answered(event: EventOf<'request-finished' | 'tunnel-opened'>): void {
    if (!this.#allFailed.isCalm) {
      const report = this.#allFailed.over();
      if (report) this.#send(this.#messages.answeredAgain(report, event));
    }
    if (event.primariesOut) {
      const report = this.#fallbackInUse.seen();
      if (report) {
        this.#send(this.#messages.fallbackInUse(report, event, this.#outages.describe('primary')));
      }
    } else if (!this.#fallbackInUse.isCalm && event.upstream?.tier === 'primary') {
      const report = this.#fallbackInUse.over();
      if (report) this.#send(this.#messages.primariesBack(report, event));
    }
  }

  #notAnswered(event: EventOf<'request-finished'>): void {
    const report = this.#allFailed.seen();
    if (report) this.#send(this.#messages.allFailed(report, event, this.#outages.describe()));
  }

  #credentialTrouble(event: EventOf<'upstream-quarantined'>): void {
    const { reason } = event;
    if (!isAboutCredentials(reason)) return;
    const report = this.#incidentOf(this.#credentials, event.upstream.name).seen();
    if (report) this.#send(this.#messages.credentials(event, reason));
  }

  #onWrongChain(event: EventOf<'upstream-down'>): void {
    const report = this.#incidentOf(this.#wrongChain, event.upstream.name).seen();
    if (report) this.#send(this.#messages.wrongChain(report, event));
  }

  #onRemoved(event: EventOf<'upstream-removed'>): void {
    if (this.#incidentOf(this.#removed, event.upstream.name).seen())
      this.#send(this.#messages.removed(event));
  }

  #up(event: EventOf<'upstream-up'>): void {
    const report = this.#wrongChain.get(event.upstream.name)?.over();
    if (report) this.#send(this.#messages.rightChain(report, event));
  }

  /** One for each name; kept, because its cool-down outlives the trouble. As few as there are upstreams. */
  #incidentOf(incidents: Map<string, Incident>, name: string): Incident {
    let incident = incidents.get(name);
    if (!incident) {
      incident = this.#newIncident();
      incidents.set(name, incident);
    }
    return incident;
  }
}
