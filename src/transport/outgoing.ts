/** One request to one upstream, as the transport needs it: all of it is decided before the attempt begins. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import type { Rewriting } from '../http/url-rewriting.ts';
import type { Upstream } from '../upstreams/upstream.ts';
import type { BufferAccount } from './buffer-account.ts';

/** A request's body: kept, so that it can be sent again, or too large for that. */
export type Body = KeptBody | PipedBody;

export interface KeptBody {
  readonly kind: 'kept';
  readonly bytes: Buffer;
}

export interface PipedBody {
  readonly kind: 'piped';
  /** Where the rest of it comes from. */
  readonly source: UploadSource;
  /** What was read before the body turned out to be too large; emptied when the upstream has it. */
  prefix: Buffer;
  /** Its Content-Length; undefined when it comes in chunks. */
  readonly length: number | undefined;
  /** How many bytes are counted for it when the prefix is out. */
  readonly heldBytes: number;
  /** Bytes after the prefix were taken from the source: no other upstream can have them. */
  taken: boolean;
}

export interface UploadSource extends Readable {
  /** All of it has arrived. */
  readonly complete: boolean;
}

/** A change of protocol that is asked for. */
export interface ProtocolChange {
  /** In lower case; never empty. */
  readonly protocols: readonly string[];
  /** The value of Sec-WebSocket-Key. */
  readonly webSocketKey: string | undefined;
}

/** As a `Rewriting` it says what the URLs in the answer's headers are rewritten for. */
export interface Outgoing extends Rewriting {
  readonly upstream: Upstream;
  readonly method: string;
  /** Path and query as the upstream is asked. */
  readonly path: string;
  /** Names and values in turn, with no lines of framing but a piped body's Content-Length. */
  readonly lines: string[];
  readonly body: Body;
  /** It may be sent a second time where a kept connection was closed at that moment. */
  readonly mayRepeat: boolean;
  /** When its time is over, unless its body streams in either direction; monotonic milliseconds. */
  readonly deadlineMs: number;
  /**
   * Answers up to this size are read whole before the outcome is told, so that one that breaks off or turns out
   * to be none can still be replaced by another upstream's.
   */
  readonly peekBytes: number;
  /** So are those that don't say their size. */
  readonly peeksUnsized: boolean;
  /** The answer must be read whole, whatever its size. */
  readonly whole: boolean;
  readonly upgrade: ProtocolChange | undefined;
  /** The client's connection on which it came; undefined for a request of our own. */
  readonly clientSocket: Socket | undefined;
  /** Several clients' requests may come on that connection: it speaks HTTP/2. */
  readonly sharesClientSocket: boolean;
  /** It carries a login for the whole connection, which must reach nobody else. */
  readonly logsIn: boolean;
  /** Where the bytes that are held of the answer are counted. */
  readonly account: BufferAccount;
}

/** What undici is told to send. It frames the body itself. */
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
  // Without it undici would open another connection, with another server name, for each Host.
  return upstream.keepsHost ? Object.assign(options, { servername: upstream.host }) : options;
}
