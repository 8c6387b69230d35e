/** Sends alerts by one notifier, one after the other, again and again until it takes them, without delaying requests. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import { parseRetryAfter } from '../http/retry-after.ts';
import { durationInWords } from '../numbers-in-words.ts';
import type { Random } from '../random.ts';
import type { NamedNotifier, NotificationFailed, Severity } from './notifier.ts';
import { retryPauseMs } from './retries.ts';
import { send } from './sending.ts';
import type { Topic } from './topic.ts';

/** Most topics that wait: one for each kind and pool, so that only very many pools reach it. The oldest is dropped. */
const MAX_WAITING = 100;
/** How many are sent at the same time at the end, so that one that is not answered does not keep the others back. */
const LAST_AT_ONCE = 10;
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
 *     failing --another notifier-->         failing  (tries at once; `alert-failed` again if that fails, too)
 *
 * Never throws. A message that may have arrived is sent again all the same: better twice than never.
 */
export class Outbox {
  readonly #dependencies: OutboxDependencies;
  #notifier: NamedNotifier;
  #waiting: Entry[] = [];
  /** Those that are being sent: one, but for the end. */
  readonly #sending = new Set<Entry>();
  #workers = 0;
  #whenIdle: () => void = () => {};
  /** In a row, by this notifier. */
  #failures = 0;
  /** Undefined while it works. */
  #failingSinceMs: number | undefined;
  #isLast = false;
  #endPause: () => void = () => {};
  /** Aborted when another notifier takes the place of this one. */
  #replaced = new AbortController();

  constructor(notifier: NamedNotifier, dependencies: OutboxDependencies) {
    this.#notifier = notifier;
    this.#dependencies = dependencies;
  }

  get notifier(): NamedNotifier {
    return this.#notifier;
  }

  /** Has something to send. */
  get isBusy(): boolean {
    return this.#workers > 0;
  }

  /**
   * From the next attempt on, which is made at once: the settings may have been mended. Nothing of what the one before
   * has answered counts; an attempt that it still has not answered is ended.
   */
  use(notifier: NamedNotifier): void {
    const isSame = notifier.settings !== undefined && notifier.settings === this.#notifier.settings;
    if (!isSame) {
      this.#notifier = notifier;
      this.#failures = 0;
      this.#replaced.abort();
      this.#replaced = new AbortController();
    }
    this.#endPause();
  }

  /** Does nothing when it waits already: its message is written when it is sent. */
  put(topic: Topic): void {
    if (this.#waiting.some((entry) => entry.topic === topic)) return;
    this.#waiting.push({ topic, sinceMs: this.#dependencies.clock.monotonicMs() });
    if (this.#waiting.length > MAX_WAITING) {
      const [oldest] = this.#waiting.splice(0, 1);
      if (oldest)
        this.#loseUnsent(oldest, `dropped: more than ${MAX_WAITING} alerts were waiting to be sent`);
    }
    this.#startWork();
  }

  holds(topic: Topic): boolean {
    return [...this.#sending, ...this.#waiting].some((entry) => entry.topic === topic);
  }

  /** From now on each alert is tried once more, at once: the notifier is not used any longer. */
  close(): void {
    this.#isLast = true;
    this.#endPause();
    this.#startWork();
  }

  /** As `close`. Resolves when all alerts are sent or given up, at the latest after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.close();
    if (!this.isBusy) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#dependencies.clock.after(timeoutMs, resolve);
      this.#whenIdle = () => {
        cancel();
        resolve();
      };
    });
    for (const entry of this.#sending) this.#putBack(entry);
    this.#sending.clear();
    const left = this.#waiting;
    this.#waiting = [];
    for (const entry of left) this.#loseUnsent(entry, 'the process ended before it was sent');
  }

  /** One after the other, but for the end. */
  #startWork(): void {
    const most = this.#isLast ? LAST_AT_ONCE : 1;
    const number = Math.min(most, this.#waiting.length + this.#sending.size);
    while (this.#workers < number) void this.#work();
  }

  async #work(): Promise<void> {
    this.#workers += 1;
    // Not during the handling of the request whose end was just announced.
    await Promise.resolve();
    for (let entry = this.#waiting.shift(); entry; entry = this.#waiting.shift()) {
      this.#sending.add(entry);
      // By a defect only; it must not end the process.
      const pauseMs = await this.#try(entry).catch(() =>
        this.#lose(entry, 'it could not be written', undefined),
      );
      this.#sending.delete(entry);
      if (pauseMs === undefined) continue;
      this.#putBack(entry);
      await this.#pause(pauseMs);
    }
    this.#workers -= 1;
    if (!this.isBusy) this.#whenIdle();
  }

  /** Resolves to how long to wait before it is tried again; undefined when it is done with. */
  async #try(entry: Entry): Promise<number | undefined> {
    const { announcer, clock } = this.#dependencies;
    const composed = entry.topic.compose();
    if (!composed) return undefined;
    const { alert, delivered, turn } = composed;
    if (turn && !(await turn.take())) return undefined;
    const notifier = this.#notifier;
    const failure = await send(notifier, alert, clock, this.#replaced.signal);
    if (failure) turn?.failed();
    if (failure) return notifier === this.#notifier ? this.#afterFailure(entry, alert.severity, failure) : 0;
    delivered();
    announcer.announce({
      type: 'alert-sent',
      notifier: notifier.name,
      kind: alert.kind,
      severity: alert.severity,
    });
    this.#failures = 0;
    if (this.#failingSinceMs !== undefined) {
      const failingMs = clock.monotonicMs() - this.#failingSinceMs;
      this.#failingSinceMs = undefined;
      announcer.announce({ type: 'alerts-resumed', notifier: notifier.name, failingMs });
    }
    return undefined;
  }

  #afterFailure(entry: Entry, severity: Severity, failure: NotificationFailed): number | undefined {
    const { announcer, clock, random } = this.#dependencies;
    const { message: problem } = failure;
    const nowMs = clock.monotonicMs();
    this.#failures += 1;
    if (this.#failures === 1) {
      this.#failingSinceMs ??= nowMs;
      announcer.announce({
        type: 'alert-failed',
        notifier: this.#notifier.name,
        kind: entry.topic.kind,
        severity,
        problem,
      });
    }
    const retryAfterMs = parseRetryAfter(failure.retryAfter, clock.wallMs());
    const pauseMs = retryPauseMs(this.#failures, retryAfterMs, random);
    const waitedMs = nowMs - entry.sinceMs;
    const isOld = waitedMs + pauseMs > GIVE_UP_MS;
    if (!failure.isFinal && !isOld && !this.#isLast) return pauseMs;
    if (isOld)
      return this.#lose(entry, `given up after ${durationInWords(waitedMs)}: ${problem}`, severity, true);
    return this.#lose(entry, problem, severity);
  }

  /** In front; together with what has come in about the same in the meantime. */
  #putBack(entry: Entry): void {
    this.#waiting = [entry, ...this.#waiting.filter(({ topic }) => topic !== entry.topic)];
  }

  #pause(pauseMs: number): Promise<void> {
    if (this.#isLast || pauseMs === 0) return Promise.resolve();
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

  /** One that no attempt was made for just now. */
  #loseUnsent(entry: Entry, problem: string): void {
    this.#lose(entry, problem, entry.topic.compose()?.alert.severity);
  }

  /** `severity`: as it was last written; undefined when it could not be. */
  #lose(entry: Entry, problem: string, severity: Severity | undefined, isOld = false): undefined {
    // Before its topic hears of it, which rests only when nobody holds it any more.
    this.#sending.delete(entry);
    const { topic } = entry;
    const { name: notifier } = this.#notifier;
    this.#dependencies.announcer.announce({
      type: 'alert-lost',
      notifier,
      kind: topic.kind,
      severity,
      problem,
    });
    topic.lost(isOld);
  }
}
