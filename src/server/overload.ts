/** Detects that the process is overloaded: that its event loop keeps running late. */

import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { EventLoopDelay } from './event-loop-delay.ts';

/** A process that runs this late answers no request in time. */
const LIMIT_MS = 500;
const INTERVAL_MS = 1_000;
/** One long pause (a full garbage collection, a suspended machine) is not an overload. */
const INTERVALS_IN_A_ROW = 3;

export interface OverloadDependencies {
  readonly eventLoopDelay: EventLoopDelay;
  readonly clock: Clock;
  readonly announcer: Announcer;
}

/**
 * calm -> overloaded   the event loop's delay was over the limit for three intervals in a row
 * overloaded -> calm   it was not for one interval
 *
 * Refusing new requests costs next to nothing, so that accepted ones can be finished.
 */
export class Overload {
  readonly #dependencies: OverloadDependencies;
  #lateIntervals = 0;
  #sinceMs: number | undefined;
  #stopTimer: () => void = () => {};

  constructor(dependencies: OverloadDependencies) {
    this.#dependencies = dependencies;
  }

  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  start(): void {
    // Discards the delay of the start of the process itself.
    this.#dependencies.eventLoopDelay.p99Ms();
    this.#scheduleCheck();
  }

  stop(): void {
    this.#stopTimer();
    this.#dependencies.eventLoopDelay.stop();
  }

  #scheduleCheck(): void {
    this.#stopTimer = this.#dependencies.clock.after(INTERVAL_MS, () => {
      this.#check();
      this.#scheduleCheck();
    });
  }

  #check(): void {
    const { eventLoopDelay, clock, announcer } = this.#dependencies;
    const lagMs = eventLoopDelay.p99Ms();
    this.#lateIntervals = lagMs > LIMIT_MS ? this.#lateIntervals + 1 : 0;
    if (this.#lateIntervals >= INTERVALS_IN_A_ROW && this.#sinceMs === undefined) {
      this.#sinceMs = clock.monotonicMs();
      announcer.announce({ type: 'overload-began', lagMs });
    } else if (this.#lateIntervals === 0 && this.#sinceMs !== undefined) {
      const durationMs = clock.monotonicMs() - this.#sinceMs;
      this.#sinceMs = undefined;
      announcer.announce({ type: 'overload-ended', durationMs });
    }
  }
}
