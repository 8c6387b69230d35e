/** The limits of a listener as options of Node's server, and the answers to errors of its parser. */

import type { AnswerCode } from '../errors.ts';

export interface ListenerSettings {
  readonly clientHeaderTimeoutMs: number;
  /** How long a client may read nothing of its answer. */
  readonly clientBodyTimeoutMs: number;
  readonly clientKeepAliveMs: number;
  readonly maxHeaderSizeBytes: number;
  readonly maxUrlBytes: number;
  readonly maxConnections: number;
  /** How many pipelined requests of one connection are served at once. */
  readonly maxPipelined?: number;
}

/** How often Node looks for requests whose headers are overdue. */
const TIMEOUT_CHECK_MS = 1_000;

/** Options for `http.createServer`. */
export function limitsOf(settings: ListenerSettings) {
  return {
    // Our own limit counts header lines without the URL; the parser's is only an outer bound.
    maxHeaderSize: settings.maxHeaderSizeBytes + settings.maxUrlBytes + 4096,
    headersTimeout: settings.clientHeaderTimeoutMs,
    // A limit on the whole request would cut long uploads; silence within a body has a limit of its own.
    requestTimeout: 0,
    keepAliveTimeout: settings.clientKeepAliveMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    requireHostHeader: false,
    noDelay: true,
  };
}

/** The answer to an error that the server's parser has found; undefined when there is no client to answer. */
export function answerTo(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  settings: Pick<ListenerSettings, 'maxUrlBytes'>,
): AnswerCode | undefined {
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return isLineTooLong(error, settings) ? 'URL_TOO_LONG' : 'HEADERS_TOO_LARGE';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'CLIENT_TOO_SLOW';
  return error.code?.startsWith('HPE_') ? 'BAD_REQUEST' : undefined;
}

/** Whether the request line exceeded the limit: the packet then begins with it. */
function isLineTooLong(
  { rawPacket }: { rawPacket?: Buffer },
  { maxUrlBytes }: Pick<ListenerSettings, 'maxUrlBytes'>,
): boolean {
  if (!rawPacket || !/^[\r\n]*[A-Z]+ /.test(rawPacket.toString('latin1', 0, 32))) return false;
  const lineEnd = rawPacket.indexOf('\n', 4);
  return lineEnd < 0 || lineEnd > maxUrlBytes;
}
