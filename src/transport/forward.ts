import type { Exchange } from '../balancer/exchange.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { AttemptOutcome } from './outcome.ts';
import { Transmission } from './transmission.ts';
import type { Sending, Wire } from './wire.ts';

/**
 * Sends a request to one upstream and waits until enough of the answer is there to judge it. A kept
 * connection that turns out to be closed is replaced once, where the request may be repeated; that counts
 * as the same attempt.
 */
export function forward(
  exchange: Exchange,
  sending: Sending,
  upstream: Upstream,
  wire: Wire,
): Promise<AttemptOutcome> {
  return new Promise((settle) => {
    if (exchange.left) settle({ kind: 'client-left' });
    else new Transmission(exchange, sending, upstream, wire).start(settle, false);
  });
}
