/** Limits how long an upstream may be silent. */

import type { AnswerBuffer } from './answer-buffer.ts';
import { HANDSHAKE_TIMEOUT_MS } from './handshake.ts';
import type { Outgoing } from './outgoing.ts';

/** In milliseconds. */
export interface SilenceLimits {
  /** Before an answer's head, and within a body that is read whole before the client gets a byte. */
  readonly attemptTimeoutMs: number;
  /** Within a body that streams. */
  readonly streamIdleTimeoutMs: number;
  /** Within an event stream, which may have no events for a long time. */
  readonly tunnelIdleTimeoutMs: number;
}

/** How long the next byte may take; `streaming` is an answer that streams to the client. */
export function silenceLimitMs(
  { attemptTimeoutMs, streamIdleTimeoutMs, tunnelIdleTimeoutMs }: SilenceLimits,
  { upgrade }: Outgoing,
  streaming: AnswerBuffer | undefined,
): number {
  if (streaming) return streaming.isEventStream ? tunnelIdleTimeoutMs : streamIdleTimeoutMs;
  return upgrade ? Math.min(HANDSHAKE_TIMEOUT_MS, attemptTimeoutMs) : attemptTimeoutMs;
}

/** The shortest of the limits. */
export function shortestSilenceMs(limits: SilenceLimits): number {
  return Math.min(limits.attemptTimeoutMs, limits.streamIdleTimeoutMs, limits.tunnelIdleTimeoutMs);
}
