/** Confirms a switch to another protocol to the client, then carries bytes both ways. */

import type { Socket } from 'node:net';
import { formatLines } from '../http/answer-lines.ts';
import type { UpgradeRequest } from '../http/messages.ts';
import type { OpenTunnels } from './open-tunnels.ts';

export interface Switch {
  readonly upgrade: UpgradeRequest;
  /** The upstream's connection, which has already switched. */
  readonly upstream: Socket;
  /** The value of the upstream's Upgrade line. */
  readonly protocol: string;
  /** The client's other header lines: names and values in turn, one character for each byte. */
  readonly lines: readonly string[];
  readonly isWebSocket: boolean;
  /** How long both sides may be silent at the same time. */
  readonly idleMs: number;
}

/** Resolves when both connections are closed. */
export async function switchProtocol(
  { upgrade, upstream, protocol, lines, isWebSocket, idleMs }: Switch,
  tunnels: OpenTunnels,
): Promise<void> {
  const client = upgrade.takeSocket();
  try {
    client.write(headOf(protocol, lines), 'latin1');
    if (upgrade.head.length > 0) upstream.write(upgrade.head);
    await tunnels.run({ client, upstream, isWebSocket, idleMs });
  } finally {
    client.destroy();
    upstream.destroy();
  }
}

function headOf(protocol: string, lines: readonly string[]): string {
  const all = ['Connection', 'Upgrade', 'Upgrade', protocol, ...lines];
  return `HTTP/1.1 101 Switching Protocols\r\n${formatLines(all)}\r\n`;
}
