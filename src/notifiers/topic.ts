/** What waits to be sent: not a finished message, but what it will be about. */

import type { Alert, AlertKind } from './notifier.ts';

/** A message as things stand at this moment. */
export interface Composed {
  readonly alert: Alert;
  /** To be called when a notifier has delivered it. */
  readonly delivered: () => void;
  /** To be taken before it is sent; undefined where no other replica would tell the same. */
  readonly turn?: Turn | undefined;
}

/** Whether this replica is the one to tell. */
export interface Turn {
  /** Resolves to false when another one has told, or is about to: the topic knows it then. Never rejects. */
  take(): Promise<boolean>;
  /** It was taken, and a notifier could not deliver the message. */
  failed(): void;
}

/**
 * One kind of alert in one pool. It waits at most once at each notifier, and its message is written when it is sent: what
 * has waited while a receiver was away tells how things stand now, not how they were.
 */
export interface Topic {
  readonly kind: AlertKind;
  /** Undefined when there is nothing to tell any more. */
  compose(): Composed | undefined;
  /** A notifier has given up its message. `isOld`: after trying for an hour; otherwise it may have been refused at once. */
  lost(isOld: boolean): void;
}

/** Where topics wait; all notifiers together. */
export interface Outlet {
  put(topic: Topic): void;
  /** Whether it waits at a notifier, or is being sent. */
  holds(topic: Topic): boolean;
}
