/** Reads a request's line and headers, and refuses malformed ones. */

import { readAuthority } from '../http/authority.ts';
import { type IncomingRequest, isHttp10, MAX_HEADER_LINES } from '../http/messages.ts';
import { readTarget } from '../http/target.ts';
import { Refusal } from './problems.ts';

/** The parts of a request, without its body, that the admin port uses. */
export interface RequestHead {
  readonly method: string;
  /** Byte for byte as sent, without the query. */
  readonly path: string;
  /** Without the question mark; undefined where there is none. */
  readonly query: string | undefined;
  /** The host that was asked for: Host, or the authority of an absolute target. Undefined only in HTTP/1.0. */
  readonly host: string | undefined;
  /** The values of all lines of a name, which is in lower case, in their order. */
  readonly lines: (name: string) => readonly string[];
}

/** Throws a Refusal when the request is malformed or ambiguous. */
export function readRequestHead(request: IncomingRequest): RequestHead {
  const { rawHeaders, method = '', url = '', httpVersionMajor } = request;
  if (rawHeaders.length > 2 * MAX_HEADER_LINES) throw new Refusal('HEADERS_TOO_LARGE');
  const lines = (name: string) =>
    rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
  const target = readTarget(url);
  const hosts = lines('host');
  const [line] = hosts;
  const codings = lines('transfer-encoding');
  const isMalformed =
    httpVersionMajor !== 1 ||
    !target ||
    hosts.length > 1 ||
    (line === undefined ? !isHttp10(request) : !readAuthority(line)) ||
    (target.authority !== undefined && !readAuthority(target.authority)) ||
    (codings.length > 0 && (isHttp10(request) || codings.join().toLowerCase() !== 'chunked'));
  if (isMalformed) throw new Refusal('BAD_REQUEST');
  return { method, path: target.path, query: target.query, host: target.authority ?? line, lines };
}
