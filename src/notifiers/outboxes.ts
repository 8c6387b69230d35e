/** The outboxes of all notifiers. */

import type { Alert, NamedNotifier } from './notifier.ts';
import { Outbox, type OutboxDependencies } from './outbox.ts';
import { send } from './sending.ts';
import type { Outlet, Topic } from './topic.ts';

/** What became of a test message. */
export interface TestResult {
  readonly notifier: string;
  /** Why it was not sent, without secrets; undefined when it was. */
  readonly problem: string | undefined;
}

/** One for each notifier: a slow one delays no other. */
export class Outboxes implements Outlet {
  readonly #dependencies: OutboxDependencies;
  #open: readonly Outbox[] = [];
  /** Those of notifiers that the settings have no more, and that have something to send still. */
  #closing: readonly Outbox[] = [];

  constructor(dependencies: OutboxDependencies) {
    this.#dependencies = dependencies;
  }

  get areNone(): boolean {
    return this.#open.length === 0;
  }

  get names(): readonly string[] {
    return this.#open.map(({ notifier }) => notifier.name);
  }

  put(topic: Topic): void {
    for (const outbox of this.#open) outbox.put(topic);
  }

  holds(topic: Topic): boolean {
    return this.#open.some((outbox) => outbox.holds(topic));
  }

  /** What waits for a notifier of the same name goes to the new one; one that is gone tries once more to send it. */
  use(notifiers: readonly NamedNotifier[]): void {
    const before = new Map(this.#open.map((outbox) => [outbox.notifier.name, outbox]));
    this.#open = notifiers.map((notifier) => {
      const known = before.get(notifier.name);
      known?.use(notifier);
      return known ?? new Outbox(notifier, this.#dependencies);
    });
    const gone = [...before.values()].filter((outbox) => !this.#open.includes(outbox));
    for (const outbox of gone) outbox.close();
    this.#closing = [...this.#closing, ...gone].filter((outbox) => outbox.isBusy);
  }

  /** Sends an alert by each, once, at once, whatever waits. */
  test(alert: Alert): Promise<readonly TestResult[]> {
    const { announcer, clock } = this.#dependencies;
    const sendBy = async ({ notifier }: Outbox): Promise<TestResult> => {
      const failure = await send(notifier, alert, clock);
      const { kind, severity } = alert;
      if (!failure) announcer.announce({ type: 'alert-sent', notifier: notifier.name, kind, severity });
      return { notifier: notifier.name, problem: failure?.message };
    };
    return Promise.all(this.#open.map(sendBy));
  }

  async drain(timeoutMs: number): Promise<void> {
    await Promise.all([...this.#open, ...this.#closing].map((outbox) => outbox.drain(timeoutMs)));
  }
}
