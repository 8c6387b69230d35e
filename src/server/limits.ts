import type { AnswerCode } from '../errors.ts';

export interface ListenerSettings {
  readonly clientHeaderTimeoutMs: number;
  /** How long a client may take nothing of its answer. */
  readonly clientBodyTimeoutMs: number;
  readonly clientKeepAliveMs: number;
  readonly maxHeaderSizeBytes: number;
  readonly maxUrlBytes: number;
  readonly maxConnections: number;
}

/** How often Node looks for requests whose headers are overdue. */
const TIMEOUT_CHECK_MS = 1_000;

/** The limits as Node's HTTP/1.1 server has them. */
export function limitsOf(settings: ListenerSettings) {
  return {
    // Ours is counted apart from the URL; the parser's limit is only the outer wall.
    maxHeaderSize: settings.maxHeaderSizeBytes + settings.maxUrlBytes + 4096,
    headersTimeout: settings.clientHeaderTimeoutMs,
    // A whole-request limit would cut long uploads; silence in a body has its own.
    requestTimeout: 0,
    keepAliveTimeout: settings.clientKeepAliveMs,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    requireHostHeader: false,
    noDelay: true,
  };
}

/** What to say of an error that the server's parser has found; undefined when nobody is there to be told. */
export function codeOf(
  error: NodeJS.ErrnoException & { rawPacket?: Buffer },
  settings: Pick<ListenerSettings, 'maxUrlBytes'>,
): AnswerCode | undefined {
  if (error.code === 'HPE_HEADER_OVERFLOW')
    return isLineTooLong(error, settings) ? 'URL_TOO_LONG' : 'HEADERS_TOO_LARGE';
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'CLIENT_TOO_SLOW';
  return error.code?.startsWith('HPE_') ? 'BAD_REQUEST' : undefined;
}

/** Whether the bounds were broken by a request line, with which the packet then begins. */
function isLineTooLong(
  { rawPacket }: { rawPacket?: Buffer },
  { maxUrlBytes }: Pick<ListenerSettings, 'maxUrlBytes'>,
): boolean {
  if (!rawPacket || !/^[\r\n]*[A-Z]+ /.test(rawPacket.toString('latin1', 0, 32))) return false;
  const lineEnd = rawPacket.indexOf('\n', 4);
  return lineEnd < 0 || lineEnd > maxUrlBytes;
}
