/** How long a notifier waits before it tries an alert again. */

import type { Random } from '../random.ts';

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** Replicas that were refused at the same time must not come back at the same time. */
const JITTER = 0.25;
/** What a receiver may ask for. */
const LONGEST_RETRY_AFTER_MS = 600_000;

/**
 * 1 s, 2 s, 4 s, … up to a minute, each up to a quarter longer by chance; at least what the receiver asks for, up to ten
 * minutes.
 *
 * @param failures in a row, 1 or more
 * @param retryAfterMs as the receiver asks
 */
export function retryPauseMs(failures: number, retryAfterMs: number | undefined, random: Random): number {
  const growingMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
  const pauseMs = growingMs * (1 + JITTER * random());
  return Math.max(pauseMs, Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS));
}
