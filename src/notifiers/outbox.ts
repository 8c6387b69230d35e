/** Sends alerts by one notifier, one after the other, again and again until it takes them, without delaying requests. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import type { Random } from '../random.ts';
import { durationInWords } from './alert-text.ts';
import type { NamedNotifier, NotificationFailed } from './notifier.ts';
import { retryPauseMs } from './retries.ts';
import { send } from './sending.ts';
import type { Topic } from './topic.ts';

/** Most topics that wait: one for each kind and pool, so that only very many pools reach it. The oldest is dropped. */
const MAX_WAITING = 100;
/** Older news is of no use to anybody. */
const GIVE_UP_MS = 3_600_000;

export interface OutboxDependencies {
  readonly announcer: Announcer;
  readonly clock: Clock;
  readonly random: Random;
}

interface Entry {
  readonly topic: Topic;
  /** When it was put in first. */
  readonly sinceMs: number;
}

/**
 *     works   --sent-->                     works
 *     works   --not sent-->                 failing  (`alert-failed`)
 *     failing --not sent, may be later-->   failing  (waits, tries again)
 *     failing --not sent, final or old-->   failing  (`alert-lost`; the next alert is tried)
 *     failing --sent-->                     works    (`alerts-resumed`)
 *
 * Never throws. A message that may have arrived is sent again all the same: better twice than never.
 */
export class Outbox {
  readonly #dependencies: OutboxDependencies;
  #notifier: NamedNotifier;
  #waiting: Entry[] = [];
  #current: Entry | undefined;
  #working: Promise<void> | undefined;
  #failures = 0;
  #failingSinceMs = 0;
  #isLast = false;
  #endPause: () => void = () => {};

  constructor(notifier: NamedNotifier, dependencies: OutboxDependencies) {
    this.#notifier = notifier;
    this.#dependencies = dependencies;
  }

  get notifier(): NamedNotifier {
    return this.#notifier;
  }

  /** Has something to send. */
  get isBusy(): boolean {
    return this.#working !== undefined;
  }

  /** From the next attempt on, which is made at once: the settings may have been mended. */
  use(notifier: NamedNotifier): void {
    this.#notifier = notifier;
    this.#endPause();
  }

  /** Does nothing when it waits already: its message is written when it is sent. */
  put(topic: Topic): void {
    if (this.#waiting.some((entry) => entry.topic === topic)) return;
    this.#waiting.push({ topic, sinceMs: this.#dependencies.clock.monotonicMs() });
    if (this.#waiting.length > MAX_WAITING) {
      const [oldest] = this.#waiting.splice(0, 1);
      if (oldest) this.#lose(oldest, `dropped: more than ${MAX_WAITING} alerts were waiting to be sent`);
    }
    this.#working ??= this.#work();
  }

  holds(topic: Topic): boolean {
    return this.#current?.topic === topic || this.#waiting.some((entry) => entry.topic === topic);
  }

  /** From now on each alert is tried once more, without pauses: the notifier is not used any longer. */
  close(): void {
    this.#isLast = true;
    this.#endPause();
  }

  /** As `close`. Resolves when all alerts are sent or given up, at the latest after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.close();
    const working = this.#working;
    if (!working) return;
    let isLate = false;
    await new Promise<void>((resolve) => {
      const cancel = this.#dependencies.clock.after(timeoutMs, () => {
        isLate = true;
        resolve();
      });
      working.then(resolve).finally(cancel);
    });
    if (!isLate) return;
    if (this.#current) this.#putBack(this.#current);
    const left = this.#waiting;
    this.#waiting = [];
    for (const entry of left) this.#lose(entry, 'the process ended before it was sent');
  }

  async #work(): Promise<void> {
    // Not during the handling of the request whose end was just announced.
    await Promise.resolve();
    for (let entry = this.#waiting.shift(); entry; entry = this.#waiting.shift()) {
      this.#current = entry;
      // By a defect only; it must not end the process.
      const pauseMs = await this.#try(entry).catch(() => this.#lose(entry, 'it could not be written'));
      this.#current = undefined;
      if (pauseMs === undefined) continue;
      this.#putBack(entry);
      await this.#pause(pauseMs);
    }
    this.#working = undefined;
  }

  /** Resolves to how long to wait before it is tried again; undefined when it is done with. */
  async #try(entry: Entry): Promise<number | undefined> {
    const { announcer, clock } = this.#dependencies;
    const composed = entry.topic.compose();
    if (!composed) return undefined;
    const { alert, delivered } = composed;
    const notifier = this.#notifier;
    const failure = await send(notifier, alert, clock);
    if (failure) return this.#afterFailure(entry, failure);
    delivered();
    announcer.announce({ type: 'alert-sent', notifier: notifier.name, kind: alert.kind });
    if (this.#failures > 0) {
      const failingMs = clock.monotonicMs() - this.#failingSinceMs;
      this.#failures = 0;
      announcer.announce({ type: 'alerts-resumed', notifier: notifier.name, failingMs });
    }
    return undefined;
  }

  #afterFailure(entry: Entry, failure: NotificationFailed): number | undefined {
    const { announcer, clock, random } = this.#dependencies;
    const { message: problem } = failure;
    const nowMs = clock.monotonicMs();
    this.#failures += 1;
    if (this.#failures === 1) {
      this.#failingSinceMs = nowMs;
      announcer.announce({
        type: 'alert-failed',
        notifier: this.#notifier.name,
        kind: entry.topic.kind,
        problem,
      });
    }
    const retryAfterMs = parseRetryAfter(failure.retryAfter, clock.wallMs());
    const pauseMs = retryPauseMs(this.#failures, retryAfterMs, random);
    const waitedMs = nowMs - entry.sinceMs;
    const isOld = waitedMs + pauseMs > GIVE_UP_MS;
    if (!failure.isFinal && !isOld && !this.#isLast) return pauseMs;
    this.#current = undefined;
    if (isOld) return this.#lose(entry, `given up after ${durationInWords(waitedMs)}: ${problem}`, true);
    return this.#lose(entry, problem);
  }

  /** In front; together with what has come in about the same in the meantime. */
  #putBack(entry: Entry): void {
    this.#waiting = [entry, ...this.#waiting.filter(({ topic }) => topic !== entry.topic)];
  }

  #pause(pauseMs: number): Promise<void> {
    if (this.#isLast) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        cancel();
        this.#endPause = () => {};
        resolve();
      };
      const cancel = this.#dependencies.clock.after(pauseMs, end);
      this.#endPause = end;
    });
  }

  #lose({ topic }: Entry, problem: string, isOld = false): undefined {
    const { name: notifier } = this.#notifier;
    this.#dependencies.announcer.announce({ type: 'alert-lost', notifier, kind: topic.kind, problem });
    topic.lost(isOld);
  }
}
