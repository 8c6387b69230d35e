/** Sends alerts by one notifier, one after the other, without delaying requests. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import { type Alert, type NamedNotifier, NotificationFailed } from './notifier.ts';

/** Most alerts that wait while one is being sent: if a receiver is slow, the oldest are dropped. */
const MAX_WAITING = 20;
/** Twice a notifier's own timeout: a notifier that never settles must not hold up the alerts behind. */
const SEND_TIMEOUT_MS = 10_000;

/** Never throws: an alert that was not delivered, or was dropped, is announced as `alert-failed`. */
export class Outbox {
  readonly #notifier: NamedNotifier;
  readonly #announcer: Announcer;
  readonly #clock: Clock;
  readonly #waiting: Alert[] = [];
  #working: Promise<void> | undefined;

  constructor(notifier: NamedNotifier, announcer: Announcer, clock: Clock) {
    this.#notifier = notifier;
    this.#announcer = announcer;
    this.#clock = clock;
  }

  put(alert: Alert): void {
    this.#waiting.push(alert);
    if (this.#waiting.length > MAX_WAITING) {
      const oldest = this.#waiting.shift();
      if (oldest) this.#failed(oldest, `dropped: more than ${MAX_WAITING} alerts were waiting to be sent`);
    }
    this.#working ??= this.#work();
  }

  /** Resolves when all alerts are sent or given up, at the latest after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    if (this.#working) await this.#atMost(timeoutMs, this.#working);
  }

  async #work(): Promise<void> {
    // Not during the handling of the request whose end was just announced.
    await Promise.resolve();
    for (let alert = this.#waiting.shift(); alert; alert = this.#waiting.shift()) {
      await this.#send(alert);
    }
    this.#working = undefined;
  }

  async #send(alert: Alert): Promise<void> {
    try {
      const inTime = await this.#atMost(SEND_TIMEOUT_MS, this.#notifier.send(alert));
      if (inTime)
        this.#announcer.announce({ type: 'alert-sent', notifier: this.#notifier.name, kind: alert.kind });
      else this.#failed(alert, `not sent within ${SEND_TIMEOUT_MS} ms`);
    } catch (error) {
      // Only NotificationFailed promises a message without secrets.
      this.#failed(alert, error instanceof NotificationFailed ? error.message : 'the notifier itself failed');
    }
  }

  /** Whether `work` was done in time; rejects when it fails in time. */
  #atMost(timeoutMs: number, work: Promise<void>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(timeoutMs, () => resolve(false));
      work.then(() => resolve(true), reject).finally(cancel);
    });
  }

  #failed(alert: Alert, problem: string): void {
    const { name: notifier } = this.#notifier;
    this.#announcer.announce({ type: 'alert-failed', notifier, kind: alert.kind, problem });
  }
}
