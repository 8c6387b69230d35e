import type { Clock } from '../clock.ts';
import type { Announcer } from '../events.ts';
import type { LagSource } from './lag.ts';

/** A process that runs this late answers nobody in time. */
const LIMIT_MS = 500;
const INTERVAL_MS = 1_000;
/** So many intervals in a row: one long pause (a full collection, a suspended machine) is no overload. */
const INTERVALS = 3;

export interface OverloadParts {
  readonly lag: LagSource;
  readonly clock: Clock;
  readonly announcer: Announcer;
}

/**
 * calm -> overloaded   the event loop's lag was over the limit for three intervals in a row
 * overloaded -> calm   it was not for one
 *
 * Refusing new requests costs next to nothing, so that those that were taken can be finished.
 */
export class Overload {
  readonly #parts: OverloadParts;
  #late = 0;
  #sinceMs: number | undefined;
  #stopTimer: () => void = () => {};

  constructor(parts: OverloadParts) {
    this.#parts = parts;
  }

  get isOn(): boolean {
    return this.#sinceMs !== undefined;
  }

  start(): void {
    // The start of the process itself is no measure.
    this.#parts.lag.p99Ms();
    this.#lookLater();
  }

  stop(): void {
    this.#stopTimer();
    this.#parts.lag.stop();
  }

  #lookLater(): void {
    this.#stopTimer = this.#parts.clock.after(INTERVAL_MS, () => {
      this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { lag, clock, announcer } = this.#parts;
    const lagMs = lag.p99Ms();
    this.#late = lagMs > LIMIT_MS ? this.#late + 1 : 0;
    if (this.#late >= INTERVALS && this.#sinceMs === undefined) {
      this.#sinceMs = clock.monotonicMs();
      announcer.announce({ type: 'overload-began', lagMs });
    } else if (this.#late === 0 && this.#sinceMs !== undefined) {
      const durationMs = clock.monotonicMs() - this.#sinceMs;
      this.#sinceMs = undefined;
      announcer.announce({ type: 'overload-ended', durationMs });
    }
  }
}
