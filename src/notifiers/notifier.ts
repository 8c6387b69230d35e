/** The contract of a notifier: a way to send alerts to the operators. */

/** What an alert can be about; `kind` in metrics and logs. */
export const ALERT_KINDS = [
  'all-upstreams-failed',
  'fallback-in-use',
  'credentials',
  'wrong-chain',
  'upstream-removed',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** `resolved`: what an earlier alert was about is over. */
export type Severity = 'critical' | 'warning' | 'resolved';

/** One message for the operators. Names upstreams, never their URLs. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: Severity;
  /** One to three lines of plain text. */
  readonly text: string;
}

export interface Notifier {
  /**
   * Resolves when the receiver has accepted the alert, and rejects with a NotificationFailed when it has not. Settles
   * by itself within seconds.
   */
  send(alert: Alert): Promise<void>;
}

/** A kind of notifier: its name, the setting that it adds to the table of settings, and how one is created. */
export interface NotifierKind {
  /** The name in logs and events. */
  readonly name: string;
  /** The setting that holds its webhook's URL: the name in the environment, and one sentence in Markdown. */
  readonly setting: { readonly name: string; readonly doc: string };
  readonly create: (webhookUrl: string) => Notifier;
}

/** A notifier that is set up, and the name of its kind. */
export interface NamedNotifier extends Notifier {
  readonly name: string;
}

/** An alert did not reach the operators. The message may be logged: it holds no address and no secret. */
export class NotificationFailed extends Error {
  override readonly name = 'NotificationFailed';
}
