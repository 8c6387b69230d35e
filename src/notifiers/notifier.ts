/** What an alert can be about: the `kind` in metrics and logs. */
export const ALERT_KINDS = [
  'all-upstreams-failed',
  'fallback-in-use',
  'credentials',
  'wrong-chain',
  'upstream-removed',
] as const;
export type AlertKind = (typeof ALERT_KINDS)[number];

/** `resolved` says that the trouble of an alert sent before is over. */
export type Severity = 'critical' | 'warning' | 'resolved';

/** One message for the operators. Names upstreams, never their URLs. */
export interface Alert {
  readonly kind: AlertKind;
  readonly severity: Severity;
  /** One to three lines of plain text. */
  readonly text: string;
}

/** One way to reach the operators. */
export interface Notifier {
  /**
   * Resolves when the alert was taken by the other side. Throws a NotificationFailed when it was not; it
   * settles by itself within seconds.
   */
  send(alert: Alert): Promise<void>;
}

/** A kind of notifier: what it is called, the setting that it brings into the table of settings, how it is made. */
export interface NotifierKind {
  /** In logs and events. */
  readonly name: string;
  /** The setting that holds its webhook's URL: the name in the environment, and one sentence in Markdown. */
  readonly setting: { readonly name: string; readonly doc: string };
  readonly create: (webhookUrl: string) => Notifier;
}

/** A notifier that is set up, and the name of its kind. */
export interface NamedNotifier extends Notifier {
  readonly name: string;
}

/** An alert did not reach the operators. The message is fit for the log: no address, no secret. */
export class NotificationFailed extends Error {
  override readonly name = 'NotificationFailed';
}
