/** Turns what the program announces into alerts for the operators. */

import type { Clock } from '../clock.ts';
import type { Announcer, Event, PoolIdentity } from '../events.ts';
import { AlertDetector } from './alert-detector.ts';
import { Messages } from './messages.ts';
import type { Alert, NamedNotifier } from './notifier.ts';
import { Outbox } from './outbox.ts';

export interface AlertSettings {
  /** Each gets every alert. Without any, no alerts are sent. */
  readonly notifiers: readonly NamedNotifier[];
  /** The same alert is not sent again within this many milliseconds. */
  readonly cooldownMs: number;
}

export interface AlertsOptions extends AlertSettings {
  readonly announcer: Announcer;
  readonly clock: Clock;
  /** This machine's name: tells the operators which replica sends the alert. */
  readonly hostname: string;
  readonly env: string | undefined;
}

export interface Alerts {
  /** From the next alert on; those that are being sent go where they were to go. */
  reconfigure(settings: AlertSettings): void;
  /** For the shutdown: waits until all alerts are sent or given up, at most `timeoutMs`. Never rejects. */
  drain(timeoutMs: number): Promise<void>;
}

/** Starts listening to `announcer`. */
export function createAlerts({ announcer, clock, hostname, env, ...first }: AlertsOptions): Alerts {
  // One for each: a slow notifier delays no other.
  const outboxesOf = (notifiers: readonly NamedNotifier[]) =>
    notifiers.map((notifier) => new Outbox(notifier, announcer, clock));
  let outboxes = outboxesOf(first.notifiers);
  const cooldown = { ms: first.cooldownMs };
  const send = (alert: Alert) => {
    for (const outbox of outboxes) outbox.put(alert);
  };
  // By pool: an outage of one is none of the others.
  const detectors = new WeakMap<PoolIdentity, AlertDetector>();
  announcer.listen((event) => {
    const pool = outboxes.length > 0 ? poolOf(event) : undefined;
    if (!pool) return;
    let detector = detectors.get(pool);
    if (!detector) {
      detector = new AlertDetector(clock, cooldown, new Messages(hostname, env, pool), send);
      detectors.set(pool, detector);
    }
    detector.hear(event);
  });
  return {
    reconfigure({ notifiers, cooldownMs }) {
      outboxes = outboxesOf(notifiers);
      cooldown.ms = cooldownMs;
    },
    async drain(timeoutMs) {
      await Promise.all(outboxes.map((outbox) => outbox.drain(timeoutMs)));
    },
  };
}

/** Undefined for an event of the whole process. */
function poolOf(event: Event): PoolIdentity | undefined {
  if ('pool' in event) return event.pool;
  return 'upstream' in event ? event.upstream?.pool : undefined;
}
