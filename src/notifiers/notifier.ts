/** The contract of a notifier: a way to send alerts to the operators. */

import type { Clock } from '../clock.ts';
import type { Severity, Tier } from '../events.ts';

export type { Severity };

/** What an alert can be about; `kind` in metrics and logs. */
export const ALERT_KINDS = [
  'all-upstreams-failed',
  'fallback-in-use',
  'credentials',
  'wrong-chain',
  'upstream-removed',
  'test',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** An upstream that an alert is about. */
export interface AffectedUpstream {
  readonly name: string;
  readonly tier: Tier;
  /** In plain words, so that it completes "NAME …": `does not answer in time (timeout)`. */
  readonly why: string;
}

/** One message for the operators. Nothing in it but names of upstreams, words of closed sets and numbers. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: Severity;
  /** The name of the pool; undefined for an alert that is about none. */
  readonly pool: string | undefined;
  /** Whether the pool is one of several, so that people must be told which. */
  readonly isOneOfSeveral: boolean;
  /** The machine, and `ENV`: tells one replica from another. */
  readonly place: string;
  /** What has happened: one sentence, in small letters and without its full stop. */
  readonly what: string;
  /** When it began, in milliseconds since the Unix epoch. */
  readonly sinceMs: number;
  /** How long it has lasted by now, or lasted until it was over. */
  readonly lastedMs: number;
  /** `5 of 5 requests failed`: how many were affected, and in which way; undefined where that is not counted. */
  readonly requests: string | undefined;
  readonly upstreams: readonly AffectedUpstream[];
  /** What clients see of it; undefined in a test, which says nothing of the state of things. */
  readonly client: string | undefined;
  /** What to do about it; undefined when there is nothing to do. */
  readonly advice: string | undefined;
  /** Where the operators' page is; undefined when that is not known. */
  readonly link: string | undefined;
}

export interface Notifier {
  /**
   * Resolves when the receiver has accepted the alert, and rejects with a NotificationFailed when it has not. `signal`
   * ends the attempt; what it then rejects with does not matter.
   */
  send(alert: Alert, signal: AbortSignal): Promise<void>;
}

/** The proxies for webhooks, as `scheme://user:password@host:port`: secrets. Upstreams are never asked through them. */
export interface Proxies {
  /** For webhooks at `http:` and at `https:` addresses. */
  readonly http: string | undefined;
  readonly https: string | undefined;
  /** Hosts that are called without one, as in NO_PROXY. */
  readonly except: string;
}

export const NO_PROXIES: Proxies = { http: undefined, https: undefined, except: '' };

/** A kind of notifier: its name, the setting that it adds to the table of settings, and how one is created. */
export interface NotifierKind {
  /** The name in logs and events. */
  readonly name: string;
  /** The setting that holds its webhook's URL: the name in the environment, and one sentence in Markdown. */
  readonly setting: { readonly name: string; readonly doc: string };
  readonly create: (webhookUrl: string, clock: Clock, proxies: Proxies) => Notifier;
}

/** A notifier that is set up, and the name of its kind. */
export interface NamedNotifier extends Notifier {
  readonly name: string;
  /** What it was made of, to tell whether a reload has changed it: a secret. Without it, it counts as changed. */
  readonly settings?: string;
}

/** What else is known of an alert that was not taken. */
export interface FailureFacts {
  /** The receiver would refuse it again. */
  readonly isFinal?: boolean;
  /** The line with which it asks to be left alone for a while. */
  readonly retryAfter?: string | undefined;
}

/** An alert did not reach the operators. The message may be logged: it holds no address and no secret. */
export class NotificationFailed extends Error {
  override readonly name = 'NotificationFailed';
  readonly isFinal: boolean;
  readonly retryAfter: string | undefined;

  constructor(problem: string, { isFinal = false, retryAfter }: FailureFacts = {}) {
    super(problem);
    this.isFinal = isFinal;
    this.retryAfter = retryAfter;
  }
}
