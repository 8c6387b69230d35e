import type { Exchange } from '../balancer/exchange.ts';
import type { BalancerParts } from '../balancer/parts.ts';
import type { UpgradeRequest } from '../http/messages.ts';
import { isWebSocket } from '../transport/handshake.ts';
import type { Switched } from '../transport/outcome.ts';
import type { Upstream } from '../upstreams/upstream.ts';

/** The upstream's side of a change of protocol. */
export interface SwitchedAt {
  readonly switched: Switched;
  readonly upstream: Upstream;
}

/**
 * Passes the change of protocol on to the client, then carries bytes both ways until both connections are
 * closed. Meanwhile it counts as an attempt in flight.
 */
export async function tunnel(
  exchange: Exchange,
  upgrade: UpgradeRequest,
  { switched, upstream }: SwitchedAt,
  { announcer, candidates, tunnels }: BalancerParts,
): Promise<void> {
  const { socket } = switched;
  const client = upgrade.takeSocket();
  upstream.inFlight += 1;
  const primariesOut = upstream.tier === 'fallback' && candidates.availability.isOut('primary');
  announcer.announce({ type: 'tunnel-opened', id: exchange.id, upstream: upstream.identity, primariesOut });
  try {
    client.write(headOf(exchange, switched, upstream.name), 'latin1');
    if (upgrade.head.length > 0) socket.write(upgrade.head);
    await tunnels.run({ client, upstream: socket, isWebSocket: isWebSocket(switched.protocol) });
  } finally {
    upstream.inFlight -= 1;
    client.destroy();
    socket.destroy();
  }
}

/** The lines that change the protocol, one character for each byte. Nothing else of one hop goes along. */
function headOf({ id }: Exchange, { protocol, headers }: Switched, upstreamName: string): string {
  const lines = ['Connection', 'Upgrade', 'Upgrade', protocol, ...headers.forward];
  lines.push('X-Forwarded-Server', upstreamName, 'X-Request-Id', id);
  let head = 'HTTP/1.1 101 Switching Protocols\r\n';
  for (let i = 0; i + 1 < lines.length; i += 2) head += `${lines[i]}: ${lines[i + 1]}\r\n`;
  return `${head}\r\n`;
}
