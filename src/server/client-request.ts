import { IncomingMessage } from 'node:http';
import type { IncomingRequest, OutgoingResponse, UpgradeRequest } from '../http/messages.ts';

/** Takes a request; `upgrade` is there when the client asks for another protocol. */
export type Handler = (
  request: IncomingRequest,
  response: OutgoingResponse,
  upgrade?: UpgradeRequest,
) => void;

/** Versions of HTTP and TLS: within such a tunnel a client's requests would pass unseen, whatever they are. */
const CARRIES_REQUESTS = /^(?:h[23]c?|http|https|http2|tls)(?:[-/]|$)/;
const PROTOCOL = /^[\w!#$%&'*+.^`|~/-]+$/;

/**
 * A request as the server's parser makes it. Node asks `upgrade` whether to let go of the connection after the
 * request's head. One with a body is left to the parser, and comes as an ordinary one: Java's client sends Upgrade lines
 * that are not followed with every request to a plain port. One without a body is not: Node's parser would skip
 * what follows it in the same packet, and read on in mid-request.
 */
export class ClientRequest extends IncomingMessage {
  private namesUpgrade = false;

  get upgrade(): boolean {
    return this.namesUpgrade && (this.method === 'CONNECT' || !this.hasBody);
  }

  /** Written by the parser: the head has what it takes for a change of protocol. */
  set upgrade(named: boolean | null) {
    this.namesUpgrade = named === true;
  }

  /** Those that may be switched to. HTTP/1.0 has none. */
  get protocols(): readonly string[] {
    if (this.httpVersionMinor === 0) return [];
    const names = (this.headers.upgrade ?? '').toLowerCase().split(',');
    return names
      .map((name) => name.trim())
      .filter((name) => PROTOCOL.test(name) && !CARRIES_REQUESTS.test(name));
  }

  /** Two servers could see different ends of such a request. */
  get asksInVain(): boolean {
    return this.namesUpgrade && this.hasBody && this.protocols.length > 0;
  }

  get hasBody(): boolean {
    const { 'content-length': length, 'transfer-encoding': coding } = this.headers;
    return coding !== undefined || (length !== undefined && Number(length) !== 0);
  }
}
