import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/**
 * What is used of a client's request and of the answer to it. Node's own classes for HTTP/1.1 fit as they are;
 * those for HTTP/2 are adapted at the edge (`server/http2-messages.ts`), so that nothing behind it has to care.
 */

/** More header lines than this are an attack: Node 20 silently drops those past about 1,000. */
export const MAX_HEADER_LINES = 100;

export interface IncomingRequest extends Readable {
  /** Name, value, name, value … as HTTP/1.1 would have it: with Host, without pseudo-headers. */
  readonly rawHeaders: string[];
  readonly method?: string | undefined;
  /** The request target, byte for byte. */
  readonly url?: string | undefined;
  readonly httpVersionMajor: number;
  readonly httpVersionMinor: number;
  /** All of the body has arrived. */
  readonly complete: boolean;
  /** It asks for another protocol and has a body, where that protocol would begin. */
  readonly asksInVain?: boolean;
  readonly socket: Socket;
}

/** A request to go on in another protocol (RFC 9110, 7.8), as the listener hands it over. */
export interface UpgradeRequest {
  /** What the client would switch to, in lower case; never empty. */
  readonly protocols: readonly string[];
  /** What the client sent behind its request, without waiting for an answer. */
  readonly head: Buffer;
  /** Gives up the response and hands over the client's connection. To be called once. */
  takeSocket(): Socket;
}

type Lines = string[];

export interface OutgoingResponse extends EventEmitter {
  readonly headersSent: boolean;
  readonly statusCode: number;
  /** The whole answer was handed to the system. */
  readonly writableFinished: boolean;
  readonly socket: Socket | null;
  /** False: an HTTP/1.1 connection ends with this answer. */
  shouldKeepAlive: boolean;
  /** How many requests of its HTTP/2 connection were under way when it came, itself included. */
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
  /** Throws at a Link that is malformed. */
  writeEarlyHints(hints: Record<string, string[]>): unknown;
}

/** Its word for it is not enough: a parser of HTTP/1.1 takes `GET / HTTP/2.0` for a request, too. */
export function isHttp2(request: IncomingRequest): boolean {
  return request.httpVersionMajor === 2 && 'stream' in request;
}

/** A client that knows neither chunks nor interim answers. */
export function isHttp10({
  httpVersionMajor,
  httpVersionMinor,
}: Pick<IncomingRequest, 'httpVersionMajor' | 'httpVersionMinor'>): boolean {
  return httpVersionMajor === 1 && httpVersionMinor === 0;
}
