/** Finds in what the program announces of one pool what its operators must know. */

import type { Clock } from '../clock.ts';
import { type Event, type EventOf, SWITCHED, type UpstreamIdentity } from '../events.ts';
import type { Claim } from './claims.ts';
import type { Cooldown } from './gate.ts';
import { Group, type GroupOptions } from './group.ts';
import { Incident, type IncidentOptions, type IncidentReport } from './incident.ts';
import type { ChainVotes, LatestFailure, Messages, ServedBy } from './messages.ts';
import type { Alert, AlertKind } from './notifier.ts';
import { Outages } from './outages.ts';
import { isAboutCredentials, whyLeftOut, whyOut } from './reasons.ts';
import type { Outlet } from './topic.ts';

/** Codes of the refusals that mean that every upstream is out. The client itself causes all others. */
const NO_UPSTREAM_CODES: ReadonlySet<string | undefined> = new Set(['NO_UPSTREAM_AVAILABLE', 'RATE_LIMITED']);

export interface DetectorOptions {
  readonly clock: Clock;
  readonly cooldown: Cooldown;
  readonly messages: Messages;
  readonly outlet: Outlet;
  /** Those of the pool that an operator has drained, at this moment. */
  readonly drained: () => readonly UpstreamIdentity[];
  /** Where replicas share alerts: by what they are about. */
  readonly claimOf: (subject: string) => Claim | undefined;
}

/**
 * Each kind of alert has one Incident, which requests show, or one Group of upstreams; their states are described there:
 *
 *     kind                          | occurs, or an upstream joins                  | ends, or an upstream leaves
 *     all-upstreams-failed          | request failed, or refused: no upstream       | request answered
 *     fallback-in-use               | request answered by a fallback, primaries out | request answered by a primary
 *     credentials (group)           | quarantined for plan or auth                  | never: see below
 *     wrong-chain (group)           | down for wrong-chain                          | up, or gone from its list
 *     wrong-chain (undecided)       | upstreams disagree, without a majority        | never
 *     upstream-removed (group)      | removed as unhealthy                          | never
 *
 * A tunnel counts as answered when it is opened; its end, which may come days later, counts for nothing. No `resolved`
 * is sent for credentials, since nothing shows the end: an answer may belong to a request that was under way, or to one
 * that the plan still includes.
 */
export class AlertDetector {
  readonly #messages: Messages;
  readonly #outages: Outages;
  readonly #allFailed: Incident;
  readonly #fallbackInUse: Incident;
  readonly #undecided: Incident;
  readonly #credentials: Group;
  readonly #wrongChain: Group;
  readonly #removed: Group;
  #latestFailure: LatestFailure = { code: undefined, status: 0, attempts: 0 };
  /** Who gave the latest answer that an incident is about. */
  #answeredBy: UpstreamIdentity | undefined;
  #chainVotes: ChainVotes = [];
  #isPoolGone = false;

  constructor({ messages, drained, claimOf, ...options }: DetectorOptions) {
    const incident = (kind: AlertKind, write: IncidentOptions['write']) =>
      new Incident({ ...options, kind, write, claim: claimOf(kind) });
    const group = (kind: AlertKind, hasEnd: boolean, write: GroupOptions['write']) =>
      new Group({ ...options, kind, hasEnd, write, claim: claimOf(`${kind}:upstreams`) });
    this.#messages = messages;
    this.#outages = new Outages(options.clock, drained);
    this.#allFailed = incident('all-upstreams-failed', (report) => this.#writeAllFailed(report));
    this.#fallbackInUse = incident('fallback-in-use', (report) => this.#writeFallbackInUse(report));
    this.#undecided = incident('wrong-chain', (report) => messages.chainUndecided(report, this.#chainVotes));
    this.#credentials = group('credentials', false, (report) => messages.credentials(report, this.#servedBy));
    this.#wrongChain = group('wrong-chain', true, (report) => messages.wrongChain(report, this.#servedBy));
    this.#removed = group('upstream-removed', false, (report) => messages.removed(report, this.#servedBy));
  }

  /** Tells at once what would be told in a moment: the process is about to end. */
  flush(): void {
    for (const group of [this.#credentials, this.#wrongChain, this.#removed]) group.flush();
  }

  /** The notifiers may have been mended: what they have lost may be told at once. */
  tryAgain(): void {
    for (const incident of [this.#allFailed, this.#fallbackInUse, this.#undecided]) incident.tryAgain();
    for (const group of [this.#credentials, this.#wrongChain, this.#removed]) group.tryAgain();
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
      case 'quarantine-extended':
        this.#outages.note(event);
        this.#credentials.extend(event.upstream, event.durationMs);
        break;
      case 'upstream-down':
        this.#outages.note(event);
        if (event.reason === 'wrong-chain') this.#onWrongChain(event);
        break;
      case 'upstream-up':
        this.#outages.note(event);
        this.#wrongChain.leave(event.upstream);
        break;
      case 'upstream-released':
        this.#outages.note(event);
        if (event.by === 'operator') this.#credentials.leave(event.upstream);
        break;
      case 'upstream-removed':
        this.#outages.note(event);
        this.#onRemoved(event);
        break;
      case 'pool-removed':
        this.#onPoolRemoved();
        break;
      case 'chain-undecided':
        this.#chainVotes = event.votes;
        this.#undecided.occur();
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
      case 'alert-lost':
      case 'alerts-resumed':
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
      case 'cut':
        this.#allFailed.pass();
        this.#fallbackInUse.pass();
        break;
      case 'client-left':
        break;
      default:
        result satisfies never;
    }
  }

  /** Runs for every request: three comparisons while there is no incident. */
  #onAnswered(event: EventOf<'request-finished' | 'tunnel-opened'>): void {
    if (!this.#allFailed.isCalm) {
      this.#answeredBy = event.upstream;
      this.#outages.forgetFailures();
      this.#allFailed.end();
    }
    if (event.primariesOut) {
      this.#answeredBy = event.upstream;
      this.#fallbackInUse.occur();
    } else if (!this.#fallbackInUse.isCalm) {
      this.#onFallbackIdle(event.upstream);
    }
  }

  #onFallbackIdle(by: UpstreamIdentity | undefined): void {
    // A fallback that answers although primaries are usable shows nothing.
    if (by?.tier === 'primary') {
      this.#answeredBy = by;
      this.#fallbackInUse.end();
    } else this.#fallbackInUse.pass();
  }

  #onNotAnswered({ code, status, attempts, failures }: EventOf<'request-finished'>): void {
    this.#latestFailure = { code, status, attempts };
    this.#outages.noteFailures(failures ?? []);
    this.#allFailed.occur();
    this.#fallbackInUse.pass();
  }

  #writeAllFailed(report: IncidentReport): Alert {
    if (!report.isOver) return this.#messages.allFailed(report, this.#latestFailure, this.#outages.list());
    if (this.#isPoolGone) return this.#messages.poolRemoved(report, 'all-upstreams-failed');
    return this.#messages.answeredAgain(report, this.#answeredBy);
  }

  #writeFallbackInUse(report: IncidentReport): Alert {
    if (!report.isOver)
      return this.#messages.fallbackInUse(report, this.#answeredBy, this.#outages.list('primary'));
    if (this.#isPoolGone) return this.#messages.poolRemoved(report, 'fallback-in-use');
    return this.#messages.primariesBack(report, this.#answeredBy);
  }

  get #servedBy(): ServedBy {
    if (!this.#allFailed.isCalm) return 'nobody';
    return this.#fallbackInUse.isCalm ? 'others' : 'fallback';
  }

  /** Nobody sends it requests any more, whose answers would show the end. */
  #onPoolRemoved(): void {
    this.#isPoolGone = true;
    this.#allFailed.end();
    this.#fallbackInUse.end();
    this.#wrongChain.dissolve();
  }

  #onCredentials({ upstream, reason, method, durationMs }: EventOf<'upstream-quarantined'>): void {
    if (!isAboutCredentials(reason)) return;
    this.#credentials.join(upstream, { reason, why: whyLeftOut(reason, durationMs, method), durationMs });
  }

  #onWrongChain({ upstream, reason, problem }: EventOf<'upstream-down'>): void {
    this.#wrongChain.join(upstream, { reason, why: whyOut(reason, problem) });
  }

  #onRemoved({ upstream, cause }: EventOf<'upstream-removed'>): void {
    this.#credentials.leave(upstream);
    this.#wrongChain.leave(upstream);
    if (cause !== 'unhealthy') return;
    const why = 'was down for REMOVE_UNHEALTHY_AFTER without a break';
    this.#removed.join(upstream, { reason: 'probe-failed', why, durationMs: 0 });
  }
}
