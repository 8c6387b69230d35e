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

/** So many pieces of a body are taken from one connection before those of others. */
const PIECES_A_TURN = 1_000;

/**
 * Node reads `upgrade` to decide whether the parser hands over the connection after a request's headers. A request
 * with a body stays with the parser and is served as an ordinary one: Java's client sends an Upgrade line, which may
 * be ignored, with every request to a plain port. A request without a body is handed over: the parser would otherwise
 * skip what follows it in the same packet, and continue in the middle of a request.
 */
export class ClientRequest extends IncomingMessage {
  private namesUpgrade = false;
  private pieces = 0;
  private rests = false;

  /** Takes a piece of the body from the parser. */
  override push(piece: Buffer | null, encoding?: BufferEncoding): boolean {
    this.pieces += 1;
    if (this.pieces % PIECES_A_TURN === 0 && !this.rests) this.restAWhile();
    return super.push(piece, encoding);
  }

  override _read(size: number): void {
    if (!this.rests) super._read(size);
  }

  /** Lets others have their turn: two megabytes are read at a time, and may be hundreds of thousands of pieces. */
  private restAWhile(): void {
    this.rests = true;
    this.socket.pause();
    setImmediate(() => {
      this.rests = false;
      if (this.readableLength < this.readableHighWaterMark) super._read(0);
    });
  }

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
