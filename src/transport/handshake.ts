/** The upstream's side of a change of protocol: whether it has understood what was asked for. */
import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Identity, valuesOf } from '../http/header-lines.ts';
import { readResponseHeaders } from '../http/response-headers.ts';
import type { AttemptOutcome } from './outcome.ts';
import type { Outgoing, ProtocolChange } from './outgoing.ts';

/** The longest that one upstream may take to change the protocol, whatever ATTEMPT_TIMEOUT says. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const NO_HANDSHAKE: AttemptOutcome = { kind: 'broken', reason: 'bad-http', stale: false };

/** What an upstream said when it changed the protocol, and its connection. */
export interface Reply {
  /** Header names and values as they came. */
  readonly raw: readonly (Buffer | string)[];
  readonly socket: Duplex;
}

/**
 * Checks that the upstream has understood: it speaks one of the protocols asked for (RFC 9110, 7.8), and for
 * a WebSocket it proves that it read the key (RFC 6455, 4.1). If not, its connection is destroyed.
 */
export function readReply(outgoing: Outgoing, { raw, socket }: Reply, identity: Identity): AttemptOutcome {
  // Until the tunnel listens: without a listener an error would end the process.
  socket.on('error', () => {});
  const buffers = raw.map((text) => (typeof text === 'string' ? Buffer.from(text, 'latin1') : text));
  const headers = readResponseHeaders(buffers, identity, outgoing);
  const lines = buffers.map((bytes) => bytes.toString('latin1'));
  const protocol = valuesOf(lines, 'upgrade').join(', ');
  const { upgrade } = outgoing;
  const isMeant =
    headers &&
    upgrade &&
    offers(upgrade, protocol) &&
    (!isWebSocket(protocol) || accepts(upgrade, headers.forward));
  if (isMeant && socket instanceof Socket) return { kind: 'switched', protocol, headers, socket };
  socket.destroy();
  return NO_HANDSHAKE;
}

export function isWebSocket(protocol: string): boolean {
  return protocol.toLowerCase() === 'websocket';
}

function offers({ protocols }: ProtocolChange, protocol: string): boolean {
  const names = protocol.toLowerCase().split(',');
  return names.every((name) => protocols.includes(name.trim()));
}

/** A client that sent no key is none of RFC 6455's, and has nothing to compare. */
function accepts({ webSocketKey: key }: ProtocolChange, replied: readonly string[]): boolean {
  if (key === undefined) return true;
  const [accept, ...more] = valuesOf(replied, 'sec-websocket-accept');
  const expected = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  return accept === expected && more.length === 0;
}
