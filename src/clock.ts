/**
 * The program's source of time. Nothing else in the program reads the time or sets a timer that a test
 * would have to wait for.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. For durations, deadlines, quarantine ends. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; may jump. Only for dates that are exchanged with the outside. */
  wallMs(): number;
  /** Calls `run` once, `delayMs` from now, without keeping the process alive. The returned function cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};
