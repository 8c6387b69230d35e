import { createHash } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Exchange } from '../balancer/exchange.ts';
import type { AnswerCode } from '../errors.ts';
import type { Identity } from '../http/header-lines.ts';
import { readResponseHeaders } from '../http/response-headers.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { AttemptOutcome } from './outcome.ts';

/** The longest that one upstream may take to change the protocol, whatever ATTEMPT_TIMEOUT says. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** RFC 6455, 1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const NO_HANDSHAKE: AttemptOutcome = { kind: 'broken', reason: 'bad-http', stale: false };

/** Why a request for another protocol is refused by its head. */
export function refusalOfUpgrade({ request, headers }: Exchange): AnswerCode | undefined {
  if (request.method !== 'GET') return 'BAD_REQUEST';
  return valuesOf(headers.forward, 'sec-websocket-key').length > 1 ? 'BAD_REQUEST' : undefined;
}

/** What an upstream said when it changed the protocol, and its connection. */
export interface Reply {
  /** Header names and values as they came. */
  readonly raw: readonly (Buffer | string)[];
  readonly socket: Duplex;
  readonly upstream: Upstream;
}

/**
 * Checks that the upstream has understood: it speaks one of the protocols asked for (RFC 9110, 7.8), and for
 * a WebSocket it proves that it read the key (RFC 6455, 4.1). If not, its connection is destroyed.
 */
export function readReply(exchange: Exchange, reply: Reply, identity: Identity): AttemptOutcome {
  const { raw, socket, upstream } = reply;
  // Until the tunnel listens: without a listener an error would end the process.
  socket.on('error', () => {});
  const buffers = raw.map((text) => (typeof text === 'string' ? Buffer.from(text, 'latin1') : text));
  const headers = readResponseHeaders(buffers, identity, {
    upstream,
    target: exchange.target,
    origin: exchange.origin,
  });
  const protocol = valuesOf(
    buffers.map((bytes) => bytes.toString('latin1')),
    'upgrade',
  ).join(', ');
  const isMeant =
    headers && offers(exchange, protocol) && (!isWebSocket(protocol) || accepts(exchange, headers.forward));
  if (isMeant && socket instanceof Socket) return { kind: 'switched', protocol, headers, socket };
  socket.destroy();
  return NO_HANDSHAKE;
}

export function isWebSocket(protocol: string): boolean {
  return protocol.toLowerCase() === 'websocket';
}

function offers({ upgrade }: Exchange, protocol: string): boolean {
  const names = protocol.toLowerCase().split(',');
  return names.every((name) => upgrade?.protocols.includes(name.trim()));
}

/** A client that sent no key is none of RFC 6455's, and has nothing to compare. */
function accepts({ headers }: Exchange, replied: readonly string[]): boolean {
  const [key] = valuesOf(headers.forward, 'sec-websocket-key');
  if (key === undefined) return true;
  const [accept, ...more] = valuesOf(replied, 'sec-websocket-accept');
  const expected = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  return accept === expected && more.length === 0;
}

/** The values of all lines of that name, which is in lower case. */
function valuesOf(lines: readonly string[], name: string): string[] {
  return lines.filter((_, at) => at % 2 === 1 && lines[at - 1]?.toLowerCase() === name);
}
