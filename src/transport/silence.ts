/** How long an upstream may be silent. */
import type { AnswerBuffer } from './answer-buffer.ts';
import { HANDSHAKE_TIMEOUT_MS } from './handshake.ts';
import type { Outgoing } from './outgoing.ts';

/** In milliseconds. */
export interface SilenceLimits {
  /** Until an answer's head, and within a body that is read whole before the client gets a byte. */
  readonly attemptTimeoutMs: number;
  /** Within a body that streams. */
  readonly streamIdleTimeoutMs: number;
  /** Within a stream of events, which may have none to tell for long. */
  readonly tunnelIdleTimeoutMs: number;
}

/** The limit for the next byte; `flowing` is an answer that streams to the client. */
export function silenceLimitMs(
  { attemptTimeoutMs, streamIdleTimeoutMs, tunnelIdleTimeoutMs }: SilenceLimits,
  { upgrade }: Outgoing,
  flowing: AnswerBuffer | undefined,
): number {
  if (flowing) return flowing.isEventStream ? tunnelIdleTimeoutMs : streamIdleTimeoutMs;
  return upgrade ? Math.min(HANDSHAKE_TIMEOUT_MS, attemptTimeoutMs) : attemptTimeoutMs;
}

/** The shortest of them. */
export function shortestSilenceMs(limits: SilenceLimits): number {
  return Math.min(limits.attemptTimeoutMs, limits.streamIdleTimeoutMs, limits.tunnelIdleTimeoutMs);
}
