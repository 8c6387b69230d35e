/** Finds out where a request came from, as far as its headers can be trusted. */

import { BlockList, isIP, type Socket } from 'node:net';
import type { IncomingRequest } from '../http/messages.ts';
import type { Origin, RequestHeaders } from '../http/request-headers.ts';

/** `host` is the name that the request was sent to, `protocol` the scheme of its connection. */
export type OriginReader = (
  request: IncomingRequest,
  headers: RequestHeaders,
  host: string,
  protocol: string,
) => Origin;

/**
 * Without trusted networks (`ADDRESS/BITS`) a request comes from its peer, whatever its headers say. The X-Forwarded-*
 * lines of a peer in a trusted network are believed: the client is then the right-most address in X-Forwarded-For that
 * is in none of these networks, because that client wrote everything further left.
 */
export function createOriginReader(trusted: readonly string[] | undefined): OriginReader {
  if (!trusted) return (request, _headers, host, protocol) => originOf(addressOf(request), host, protocol);
  const isTrusted = createNetworkCheck(trusted);
  // Checked once for each connection.
  const peers = new WeakMap<Socket, boolean>();
  return ({ socket }, headers, host, protocol) => {
    const peer = addressOf({ socket });
    let believed = peers.get(socket);
    if (believed === undefined) {
      believed = isTrusted(peer);
      peers.set(socket, believed);
    }
    const own = originOf(peer, host, protocol);
    const { claims } = headers;
    if (!believed || !claims) return own;
    return {
      address: claims.for === undefined ? peer : clientIn(claims.for, peer, isTrusted),
      host,
      forwardedFor: claims.for ? `${claims.for}, ${peer}` : peer,
      forwardedProto: claims.proto || protocol,
      forwardedHost: claims.host || host,
      forwardedMore: claims.more,
    };
  };
}

function originOf(address: string, host: string, protocol: string): Origin {
  return {
    address,
    host,
    forwardedFor: address,
    forwardedProto: protocol,
    forwardedHost: host,
    forwardedMore: undefined,
  };
}

function addressOf({ socket }: Pick<IncomingRequest, 'socket'>): string {
  return withoutMapping(socket.remoteAddress ?? '');
}

/** The IPv4 address of a client on a dual-stack socket. */
function withoutMapping(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 4 ? 'ipv4' : 'ipv6');
  }
  return (written) => {
    const [address = ''] = written.split('%');
    const version = isIP(address);
    return version !== 0 && list.check(address, version === 4 ? 'ipv4' : 'ipv6');
  };
}

/** A member that is not an address ends the search: the hop that passed it on is the last one known. */
function clientIn(chain: string, peer: string, isTrusted: (address: string) => boolean): string {
  let client = peer;
  const hops = chain.split(',');
  for (let i = hops.length - 1; i >= 0; i--) {
    const address = readHop(hops[i] ?? '');
    if (address === undefined) break;
    client = address;
    if (!isTrusted(address)) break;
  }
  return client;
}

/** Reads `192.0.2.1`, also with a port, and `2001:db8::1`, also in brackets with a port. */
function readHop(written: string): string | undefined {
  const hop = written.trim();
  const [, bracketed, dotted] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(hop) ?? [];
  const address = withoutMapping(bracketed ?? dotted ?? hop);
  return isIP(address) === 0 ? undefined : address;
}
