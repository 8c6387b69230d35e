/** The lines of requests, and what the lines of the log have in common. */

import type { EventOf, UpstreamIdentity } from './events.ts';
import type { Logger } from './log.ts';

/** How much of a client's text is logged. */
const LONGEST_HTTP_METHOD = 32;
const LONGEST_PATH = 1_024;

/** `sample`: what share of requests like this one have a line; undefined where all have. */
export function logRequest(logger: Logger, event: EventOf<'request-finished'>, sample?: number): void {
  logger.info(
    {
      id: event.id,
      pool: event.pool.shown,
      client: event.clientAddress,
      clientName: event.clientName,
      method: truncated(event.method, LONGEST_HTTP_METHOD),
      path: event.path && truncated(event.path, LONGEST_PATH),
      rpcMethod: event.rpcMethod,
      result: event.result,
      status: event.status,
      code: event.code,
      upstream: event.upstream?.name,
      attempts: event.attempts,
      ms: rounded(event.durationMs),
      queuedMs: event.queuedMs > 0 ? rounded(event.queuedMs) : undefined,
      traceId: event.traceId,
      sample,
    },
    'Request',
  );
}

export function logAttempt(logger: Logger, event: EventOf<'attempt-finished'>): void {
  const { id, traceId, upstream, result, durationMs } = event;
  logger.debug({ id, ...named(upstream), result, ms: rounded(durationMs), traceId }, 'Attempt');
}

/** The line of the request comes when the tunnel is closed, which may be days later. */
export function logTunnel(logger: Logger, event: EventOf<'tunnel-opened'>): void {
  const { id, traceId, clientAddress: client, clientName, upstream } = event;
  logger.debug({ id, client, clientName, ...named(upstream), traceId }, 'Tunnel opened');
}

/** An upstream, and where there are several pools, its pool. */
export function named({ name, pool }: UpstreamIdentity): {
  readonly pool: string | undefined;
  readonly upstream: string;
} {
  return { pool: pool.shown, upstream: name };
}

/** For text whose length the client chooses. */
function truncated(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

/** To a tenth: more digits would only be noise to the reader. */
export function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
