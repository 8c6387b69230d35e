import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How late the event loop runs. */
export interface LagSource {
  /** The 99th percentile of the delays since the call before the last one, in milliseconds. */
  p99Ms(): number;
  stop(): void;
}

const RESOLUTION_MS = 20;

/**
 * Measured by the platform. A histogram that is reset forgets when it last ticked, and so the delay during
 * which it was reset, which is every one when the loop runs very late: two take turns to be reset.
 */
export function measureLag(): LagSource {
  let older = startHistogram();
  let newer = startHistogram();
  return {
    p99Ms() {
      const p99Ms = older.percentile(99) / 1e6;
      older.reset();
      [older, newer] = [newer, older];
      // What is measured is the time from one tick to the next.
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
