/** Ends an answer while the client is still sending, so that the client can read it. */

import type { Clock } from '../clock.ts';
import type { IncomingRequest, OutgoingResponse } from './messages.ts';

/** How long, and for how many bytes, the rest of a body is read after the answer. */
const LINGER_MS = 2_000;
const LINGER_BYTES = 4 * 1024 * 1024;

/**
 * Ends an answer whose headers are out. Closing a socket with unread bytes resets it, and the reset can destroy the
 * answer before the client has read it (RFC 9112, 9.6). So the rest of the request's body is read, within limits,
 * before the answer is ended.
 */
export function endAfterBody(
  { request, response }: { readonly request: IncomingRequest; readonly response: OutgoingResponse },
  body: Buffer | undefined,
  clock: Clock,
): void {
  let drained = 0;
  const end = () => {
    stopTimer();
    request.off('data', count).off('end', end).off('close', end);
    response.end();
  };
  const count = (chunk: Buffer) => {
    drained += chunk.length;
    if (drained > LINGER_BYTES) end();
  };
  const stopTimer = clock.after(LINGER_MS, end);
  if (body) response.write(body);
  request.on('data', count).once('end', end).once('close', end).resume();
}
