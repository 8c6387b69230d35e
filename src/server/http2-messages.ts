/**
 * HTTP/2 requests and answers that behave like those of HTTP/1.1: Node's compatibility classes with their differences
 * evened out, so that one handler serves both. Node makes an instance of each for every stream.
 */

import {
  constants,
  Http2ServerRequest,
  Http2ServerResponse,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import { Socket } from 'node:net';
import type { ReadableOptions } from 'node:stream';

const { NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants;

/** A request with HTTP/1.1's header lines, and with a `complete` that is true only for whole bodies. */
export class Http2Request extends Http2ServerRequest {
  override readonly rawHeaders: string[];
  override readonly url: string;
  /** The same one for all requests of a connection, unlike Node's. */
  override readonly socket: Socket;
  /** Node's is also true after a reset. */
  override complete: boolean;

  constructor(
    stream: ServerHttp2Stream,
    headers: IncomingHttpHeaders,
    options: ReadableOptions,
    rawHeaders: readonly string[],
  ) {
    super(stream, headers, options, rawHeaders);
    this.rawHeaders = http1Lines(rawHeaders, stream.endAfterHeaders);
    // CONNECT has no path.
    this.url = headers[':path'] ?? '/';
    // A stream that is already over has no session; it is not handled either.
    this.socket = stream.session?.socket ?? new Socket();
    this.complete = stream.endAfterHeaders;
    // Before Node's own listener, which ends the request.
    stream.prependOnceListener('end', () => {
      // Node also pushes an end into streams that are reset.
      if (!stream.destroyed && !stream.aborted && stream.rstCode === NGHTTP2_NO_ERROR) this.complete = true;
    });
  }
}

/**
 * The header lines that an HTTP/1.1 client would have sent: `:authority` is Host, the parts of a cookie are
 * one line again (RFC 9113, 8.2.3), and a body without a length is chunked.
 */
function http1Lines(raw: readonly string[], bodiless: boolean): string[] {
  const lines: string[] = [];
  let authority: string | undefined;
  let cookieAt = -1;
  let hasLength = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    const value = raw[i + 1] ?? '';
    if (name === ':authority') {
      authority = value;
      lines.push('host', value);
    } else if (name === 'cookie' && cookieAt >= 0) {
      lines[cookieAt] += `; ${value}`;
      // A Host line that equals `:authority` is left out; one that differs stays, and is refused as a second Host.
    } else if (!name.startsWith(':') && !(name === 'host' && value === authority)) {
      if (name === 'cookie') cookieAt = lines.length + 1;
      hasLength ||= name === 'content-length';
      lines.push(name, value);
    }
  }
  if (!bodiless && !hasLength) lines.push('transfer-encoding', 'chunked');
  return lines;
}

/** Headers that Node refuses to send twice. */
const SINGLE_HEADERS: ReadonlySet<string> = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
]);
const HIGHEST_STATUS = 599;
/** Sent instead of a status that HTTP does not have, which counts "as 5xx" (RFC 9110, 15). */
const INVALID_STATUS = 502;
const RESET_CONTENT = 205;

/** An answer that accepts HTTP/1.1's header lines, with `destroy` and `writableFinished` as in HTTP/1.1. */
export class Http2Response extends Http2ServerResponse {
  /** Node's is also true when the client has reset the stream. */
  override writableFinished = false;
  /** Bytes of the body so far. */
  bytesWritten = 0;
  #isUnreadEmitted = false;
  /** Has no effect: an HTTP/2 connection does not end with one answer. */
  shouldKeepAlive = true;
  /** See `OutgoingResponse.siblings`. Set by `Http2Sessions`. */
  siblings = 0;
  /** The status says that no body follows, whatever the upstream sends. */
  #bodiless = false;

  constructor(stream: ServerHttp2Stream) {
    super(stream);
    let isClosed = false;
    this.once('close', () => {
      isClosed = true;
    });
    // Before Node's own listener, which emits 'close' here.
    stream.prependOnceListener('close', () => {
      this.writableFinished =
        this.writableEnded && stream.writableFinished && stream.rstCode === NGHTTP2_NO_ERROR;
    });
    // Node does not emit it when the client of a HEAD leaves.
    stream.once('close', () => {
      if (!isClosed) this.emit('close');
    });
  }

  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.at(-1);
    // The types of the base class know no header list; Node gets an object.
    const fields = Array.isArray(headers) ? headersFrom(headers) : { ...(headers as object | undefined) };
    this.#bodiless = status === RESET_CONTENT;
    if (this.#bodiless) delete fields['content-length'];
    return super.writeHead(status > HIGHEST_STATUS ? INVALID_STATUS : status, fields);
  }

  override write(chunk: Buffer | string, ...rest: readonly unknown[]): boolean {
    if (this.#bodiless) return true;
    const [encoding] = rest;
    this.bytesWritten += chunk.length;
    const flows = encoding === 'latin1' ? super.write(chunk, encoding) : super.write(chunk);
    // The client does not read as fast as this is written.
    if (!flows) this.#emitUnread();
    return flows;
  }

  /** Whether its end is still to be delivered. */
  get awaitsEnd(): boolean {
    return this.writableEnded;
  }

  /** From now on it is checked whether the client reads at all. */
  #emitUnread(): void {
    if (this.#isUnreadEmitted) return;
    this.#isUnreadEmitted = true;
    this.emit('unread');
  }

  override end(...body: readonly unknown[]): this {
    const { req, stream } = this;
    // However small the answer is: the client's flow-control window may be zero.
    this.#emitUnread();
    // The rest of the client's body will not be read (RFC 9113, 8.1).
    if (!req.complete) stream.once('finish', () => stream.close(NGHTTP2_NO_ERROR));
    const [chunk, encoding] = body;
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) {
      return super.end(chunk, encoding === 'latin1' ? encoding : 'utf8');
    }
    return super.end();
  }

  /** Resets the stream: Node's own method would end it with "no error". */
  override destroy(): this {
    this.stream.close(NGHTTP2_INTERNAL_ERROR);
    return this;
  }

  resetAndDestroy(): void {
    this.destroy();
  }

  override writeContinue(): void {
    if (this.#canSendInterim()) super.writeContinue();
  }

  writeProcessing(): void {
    if (this.#canSendInterim()) this.stream.additionalHeaders({ ':status': 102 });
  }

  override writeEarlyHints(hints: Record<string, string | string[]>): void {
    if (this.#canSendInterim()) super.writeEarlyHints(hints);
  }

  /** Whether an interim (1xx) response can still be sent. */
  #canSendInterim(): boolean {
    const { stream } = this;
    return !stream.destroyed && !stream.closed && !stream.headersSent;
  }
}

/** Header lines as an object: repeated names become lists. HTTP/2 does not allow `Connection`. */
function headersFrom(lines: readonly string[]): Record<string, string | string[]> {
  // No prototype: a header can have any name.
  const fields: Record<string, string | string[]> = Object.create(null);
  for (let i = 0; i + 1 < lines.length; i += 2) {
    const name = (lines[i] ?? '').toLowerCase();
    const value = lines[i + 1] ?? '';
    const known = fields[name];
    if (name === 'connection') continue;
    if (known === undefined) fields[name] = value;
    else if (typeof known !== 'string') known.push(value);
    else if (!SINGLE_HEADERS.has(name)) fields[name] = [known, value];
  }
  return fields;
}
