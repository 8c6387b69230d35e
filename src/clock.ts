/**
 * The program's source of time. Nothing else in the program reads the time or sets a timer that a test
 * would have to wait for.
 */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. For durations, deadlines, quarantine ends. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; may jump. Only for dates that are exchanged with the outside. */
  wallMs(): number;
  /**
   * Calls `run` once, `delayMs` from now, without keeping the process alive. The returned function cancels it. What has
   * arrived by then is seen first: nobody is said to be silent because this process stood still.
   */
  after(delayMs: number, run: () => void): () => void;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    // Timers are looked at before sockets, immediates after them.
    let due: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => {
      due = setImmediate(run);
    }, delayMs).unref();
    return () => {
      clearTimeout(timer);
      if (due) clearImmediate(due);
    };
  },
};
