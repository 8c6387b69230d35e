import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Body, Exchange } from '../balancer/exchange.ts';
import { askForReadable, asksForUnreadable } from '../calls/accepted-codings.ts';
import { attemptHeaders } from '../http/request-headers.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** What undici is told to send: the upstream's view of a request. It frames the body itself. */
export function dispatchOptions(
  { headers, origin, id, target, request, rpc, upgrade }: Exchange,
  upstream: Upstream,
  body: Body,
  bytes: Buffer | Readable,
): Dispatcher.DispatchOptions {
  const lines = attemptHeaders(headers, origin, id, upstream);
  const { acceptEncoding } = headers;
  if (rpc && acceptEncoding !== undefined && asksForUnreadable(acceptEncoding)) askForReadable(lines);
  if (body.kind === 'piped' && body.length !== undefined) lines.push('Content-Length', String(body.length));
  const options = {
    path: upstream.targetOf(target),
    method: request.method ?? 'GET',
    headers: lines,
    body: bytes,
    // undici writes the lines Connection and Upgrade.
    upgrade: upgrade ? upgrade.protocols.join(', ') : null,
  };
  // Else undici would open another connection, with another server name, for each Host.
  return upstream.keepsHost ? Object.assign(options, { servername: upstream.host }) : options;
}
