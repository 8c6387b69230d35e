/** Measures how late the event loop runs. */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

export interface EventLoopDelay {
  /** The 99th percentile of the delays since the call before the last one, in milliseconds. */
  p99Ms(): number;
  stop(): void;
}

const RESOLUTION_MS = 20;

/**
 * Measures with Node's histogram. A histogram that is reset forgets its last tick, and with it the delay during
 * which it was reset; when the loop runs very late, that is every delay. So two histograms are reset by turns.
 */
export function measureEventLoopDelay(): EventLoopDelay {
  let older = startHistogram();
  let newer = startHistogram();
  return {
    p99Ms() {
      const p99Ms = older.percentile(99) / 1e6;
      older.reset();
      [older, newer] = [newer, older];
      // A histogram measures from one tick to the next, so the time between two ticks is subtracted.
      return Math.max(0, p99Ms - RESOLUTION_MS);
    },
    stop() {
      older.disable();
      newer.disable();
    },
  };
}

function startHistogram(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}
