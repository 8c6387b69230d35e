/** Passes a change of protocol on to the client, and carries bytes both ways from then on. */
import type { Socket } from 'node:net';
import { formatLines } from '../http/answer-lines.ts';
import type { UpgradeRequest } from '../http/messages.ts';
import type { OpenTunnels } from './open-tunnels.ts';

export interface Switch {
  readonly upgrade: UpgradeRequest;
  /** The upstream's connection, which speaks the other protocol already. */
  readonly upstream: Socket;
  /** The value of its Upgrade line. */
  readonly protocol: string;
  /** What else the client is told: names and values in turn, one character for each byte. */
  readonly lines: readonly string[];
  readonly isWebSocket: boolean;
}

/** Resolves when both connections are closed. */
export async function switchProtocol(
  { upgrade, upstream, protocol, lines, isWebSocket }: Switch,
  tunnels: OpenTunnels,
): Promise<void> {
  const client = upgrade.takeSocket();
  try {
    client.write(headOf(protocol, lines), 'latin1');
    if (upgrade.head.length > 0) upstream.write(upgrade.head);
    await tunnels.run({ client, upstream, isWebSocket });
  } finally {
    client.destroy();
    upstream.destroy();
  }
}

function headOf(protocol: string, lines: readonly string[]): string {
  const all = ['Connection', 'Upgrade', 'Upgrade', protocol, ...lines];
  return `HTTP/1.1 101 Switching Protocols\r\n${formatLines(all)}\r\n`;
}
