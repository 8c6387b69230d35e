/** Checks an upstream's answer to a request to switch to another protocol. */

import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Identity, valuesOf } from '../http/header-lines.ts';
import { readResponseHeaders } from '../http/response-headers.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { Outgoing, ProtocolChange } from './outgoing.ts';

/** How long an upstream may take to switch the protocol, even if ATTEMPT_TIMEOUT is longer. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const BAD_HANDSHAKE: AttemptOutcome = { kind: 'broken', reason: 'bad-http', stale: false };

/** A 101 answer, and the connection it came on. */
export interface SwitchReply {
  /** Header names and values as they arrived. */
  readonly raw: readonly (Buffer | string)[];
  readonly socket: Duplex;
}

/**
 * Checks that the upstream switches to one of the protocols asked for (RFC 9110, 7.8), and with a WebSocket proves
 * that it has read the key (RFC 6455, 4.1). If not, its connection is destroyed.
 */
export function readSwitchReply(
  outgoing: Outgoing,
  { raw, socket }: SwitchReply,
  identity: Identity,
): AttemptOutcome {
  // Until the tunnel listens: an error without a listener would end the process.
  socket.on('error', () => {});
  const buffers = raw.map((text) => (typeof text === 'string' ? Buffer.from(text, 'latin1') : text));
  const headers = readResponseHeaders(buffers, identity, outgoing);
  const lines = buffers.map((bytes) => bytes.toString('latin1'));
  const protocol = valuesOf(lines, 'upgrade').join(', ');
  const { upgrade } = outgoing;
  const isValid =
    headers &&
    upgrade &&
    offers(upgrade, protocol) &&
    (!isWebSocket(protocol) || provesKey(upgrade, headers.forward));
  if (isValid && socket instanceof Socket) return { kind: 'switched', protocol, headers, socket };
  socket.destroy();
  return BAD_HANDSHAKE;
}

export function isWebSocket(protocol: string): boolean {
  return protocol.toLowerCase() === 'websocket';
}

function offers({ protocols }: ProtocolChange, protocol: string): boolean {
  const names = protocol.toLowerCase().split(',');
  return names.every((name) => protocols.includes(name.trim()));
}

/** A client that sent no key does not follow RFC 6455, and there is nothing to compare. */
function provesKey({ webSocketKey: key }: ProtocolChange, replied: readonly string[]): boolean {
  if (key === undefined) return true;
  const [accept, ...more] = valuesOf(replied, 'sec-websocket-accept');
  const expected = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  return accept === expected && more.length === 0;
}
