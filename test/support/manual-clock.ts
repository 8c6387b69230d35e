import type { Clock } from '../../src/clock.ts';

interface Timer {
  dueMs: number;
  run: () => void;
}

/** A clock that stands still until it is told to move. Starts above 0: lru-cache takes 0 for "never". */
export class ManualClock implements Clock {
  #nowMs: number;
  readonly #wallOffsetMs: number;
  #timers: Timer[] = [];

  constructor(startMs = 1_000, wallStartMs = Date.UTC(2026, 0, 15, 12)) {
    this.#nowMs = startMs;
    this.#wallOffsetMs = wallStartMs - startMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#nowMs + this.#wallOffsetMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that are set and have not run. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** Moves on by `ms` at once, as when the process stands still: then each timer that is due runs, late. */
  stall(ms: number): void {
    this.#nowMs += ms;
    this.advance(0);
  }

  /** Moves on by `ms`, running each timer at its own moment, in order, also those set on the way. */
  advance(ms: number): void {
    const endMs = this.#nowMs + ms;
    for (;;) {
      const due = this.#timers.filter((timer) => timer.dueMs <= endMs).sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#nowMs = Math.max(this.#nowMs, due.dueMs);
      due.run();
    }
    this.#nowMs = endMs;
  }
}
