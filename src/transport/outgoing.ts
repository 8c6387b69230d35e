/** One request to one upstream, as the transport needs it; all of it is decided before the attempt starts. */

import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Rewriting } from '../http/url-rewriting.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { BufferAccount } from './buffer-account.ts';

/** A request's body: kept in memory so that it can be sent again, or piped because it is too large for that. */
export type Body = KeptBody | PipedBody;

export interface KeptBody {
  readonly kind: 'kept';
  readonly bytes: Buffer;
}

export interface PipedBody {
  readonly kind: 'piped';
  /** Where the rest of the body comes from. */
  readonly source: UploadSource;
  /** What was read before the body turned out to be too large; emptied when the upstream has received it. */
  prefix: Buffer;
  /** The Content-Length; undefined when the body is chunked. */
  readonly length: number | undefined;
  /** How many bytes are counted as held for the body once the prefix is sent. */
  readonly heldBytes: number;
  /** Bytes after the prefix were taken from the source: they can't be sent to another upstream. */
  taken: boolean;
}

export interface UploadSource extends Readable {
  /** The whole body has arrived. */
  readonly complete: boolean;
}

/** The change of protocol that a request asks for. */
export interface ProtocolChange {
  /** In lower case; never empty. */
  readonly protocols: readonly string[];
  /** The value of Sec-WebSocket-Key. */
  readonly webSocketKey: string | undefined;
}

/** As a `Rewriting` it says how URLs in the answer's headers are rewritten. */
export interface Outgoing extends Rewriting {
  readonly upstream: Upstream;
  readonly method: string;
  /** Path and query as they are sent to the upstream. */
  readonly path: string;
  /** Header names and values in turn. The only line about framing is a piped body's Content-Length. */
  readonly lines: string[];
  readonly body: Body;
  /** It may be sent again if a kept connection was closed at that moment. */
  readonly mayRepeat: boolean;
  /** When its time is over, unless a body streams in either direction; monotonic milliseconds. */
  readonly deadlineMs: number;
  /**
   * Answers up to this size are read whole before the outcome is reported, so that one that breaks off, or proves to
   * be no answer, can still be replaced by another upstream's.
   */
  readonly bufferUpToBytes: number;
  /** Answers without a Content-Length are read whole, too, up to the same size. */
  readonly buffersUnsized: boolean;
  /** The answer must be read whole, whatever its size. */
  readonly mustBuffer: boolean;
  readonly upgrade: ProtocolChange | undefined;
  /** The connection that the client's request came on; undefined for a request of our own. */
  readonly clientSocket: Socket | undefined;
  /** That connection speaks HTTP/2, so several clients' requests may come on it. */
  readonly sharesClientSocket: boolean;
  /** It carries a login that applies to the whole connection, which must serve no other client. */
  readonly logsIn: boolean;
  /** Counts the bytes of the answer that are held. */
  readonly account: BufferAccount;
}

/** The request as undici wants it. undici frames the body itself. */
export function dispatchOptions(
  { upstream, method, path, lines, upgrade }: Outgoing,
  body: Buffer | Readable,
): Dispatcher.DispatchOptions {
  const options = {
    path,
    method,
    headers: lines,
    body,
    // undici writes the lines Connection and Upgrade.
    upgrade: upgrade ? upgrade.protocols.join(', ') : null,
  };
  // Without `servername`, undici would open another connection, with another server name, for each Host.
  return upstream.keepsHost ? Object.assign(options, { servername: upstream.host }) : options;
}
