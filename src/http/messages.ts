/**
 * A client's request and the answer to it, as far as the program uses them. Node's own classes for HTTP/1.1 fit as they
 * are; those for HTTP/2 are adapted in `server/http2-messages.ts`, so that the code behind it needs no distinction.
 */

import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** More header lines than this are an attack: Node 20 silently drops those past about 1,000. */
export const MAX_HEADER_LINES = 100;

export interface IncomingRequest extends Readable {
  /** Name, value, name, value … as in HTTP/1.1: with Host, without pseudo-headers. */
  readonly rawHeaders: string[];
  readonly method?: string | undefined;
  /** The request target, byte for byte. */
  readonly url?: string | undefined;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  /** The whole body has arrived. */
  readonly complete: boolean;
  /** It asks for another protocol but has a body, in the place where that protocol would begin. */
  readonly isUpgradeWithBody?: boolean;
  readonly socket: Socket;
}

/** A request to switch to another protocol (RFC 9110, 7.8), as the listener passes it on. */
export interface UpgradeRequest {
  /** Protocols the client may switch to, in lower case; never empty. */
  readonly protocols: readonly string[];
  /** What the client sent after its request, without waiting for an answer. */
  readonly head: Buffer;
  /** Abandons the response and hands over the client's connection. To be called once. */
  takeSocket(): Socket;
}

type Lines = string[];

export interface OutgoingResponse extends EventEmitter {
  readonly headersSent: boolean;
  readonly statusCode: number;
  /** The whole answer has been handed to the system. */
  readonly writableFinished: boolean;
  readonly socket: Socket | null;
  /** False: an HTTP/1.1 connection ends with this answer. */
  shouldKeepAlive: boolean;
  /** How many requests of its HTTP/2 connection were under way when it arrived, including itself. */
  readonly siblings?: number;
  writeHead(status: number, headers?: Lines | Record<string, string | number>): unknown;
  writeHead(status: number, reasonPhrase: string, headers: Lines): unknown;
  write(chunk: Buffer): boolean;
  end(body?: Buffer): unknown;
  end(body: string, encoding: 'latin1'): unknown;
  /** Ends a broken answer so that it does not look complete: the connection, or the HTTP/2 stream, is cut. */
  destroy(): unknown;
  writeContinue(): unknown;
  writeProcessing(): unknown;
  /** Throws for a malformed Link. */
  writeEarlyHints(hints: Record<string, string[]>): unknown;
}

/** The version alone does not prove it: an HTTP/1.1 parser also accepts `GET / HTTP/2.0`. */
export function isHttp2(request: IncomingRequest): boolean {
  return request.httpVersionMajor === 2 && 'stream' in request;
}

/** Whether the client knows neither chunks nor interim (1xx) responses. */
export function isHttp10({
  httpVersionMajor,
  httpVersionMinor,
}: Pick<IncomingRequest, 'httpVersionMajor' | 'httpVersionMinor'>): boolean {
  return httpVersionMajor === 1 && httpVersionMinor === 0;
}
