/** A client's request as Node's HTTP/1.1 parser creates it, and the rules for switching to another protocol. */

import { IncomingMessage } from 'node:http';
import type { IncomingRequest, OutgoingResponse, UpgradeRequest } from '../http/messages.ts';

/** Handles a request; `upgrade` is set when the client asks for another protocol. */
export type Handler = (
  request: IncomingRequest,
  response: OutgoingResponse,
  upgrade?: UpgradeRequest,
) => void;

/** Versions of HTTP and TLS: a tunnel of one of these would hide the client's requests from every check. */
const CARRIES_REQUESTS = /^(?:h[23]c?|http|https|http2|tls)(?:[-/]|$)/;
const PROTOCOL = /^[\w!#$%&'*+.^`|~/-]+$/;

/**
 * Node reads `upgrade` to decide whether the parser hands over the connection after a request's headers. A request
 * with a body stays with the parser and is served as an ordinary one: Java's client sends an Upgrade line, which may
 * be ignored, with every request to a plain port. A request without a body is handed over: the parser would otherwise
 * skip what follows it in the same packet, and continue in the middle of a request.
 */
export class ClientRequest extends IncomingMessage {
  private namesUpgrade = false;

  get upgrade(): boolean {
    return this.namesUpgrade && (this.method === 'CONNECT' || !this.hasBody);
  }

  /** Set by the parser: whether the headers ask for another protocol. */
  set upgrade(named: boolean | null) {
    this.namesUpgrade = named === true;
  }

  /** Protocols that the client may switch to. HTTP/1.0 has none. */
  get protocols(): readonly string[] {
    if (this.httpVersionMinor === 0) return [];
    const names = (this.headers.upgrade ?? '').toLowerCase().split(',');
    return names
      .map((name) => name.trim())
      .filter((name) => PROTOCOL.test(name) && !CARRIES_REQUESTS.test(name));
  }

  /** An upgrade request with a body: two servers could disagree on where it ends. */
  get isUpgradeWithBody(): boolean {
    return this.namesUpgrade && this.hasBody && this.protocols.length > 0;
  }

  get hasBody(): boolean {
    const { 'content-length': length, 'transfer-encoding': coding } = this.headers;
    return coding !== undefined || (length !== undefined && Number(length) !== 0);
  }
}
