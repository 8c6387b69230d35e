import { readAuthority } from '../http/authority.ts';
import { type IncomingRequest, isHttp10, MAX_HEADER_LINES } from '../http/messages.ts';
import { readTarget } from '../http/target.ts';
import { Refusal } from './problems.ts';

/** A request without its body, as far as it counts here. */
export interface Head {
  readonly method: string;
  /** Byte for byte as it was sent, without the query. */
  readonly path: string;
  /** What was asked for: the Host line, or the authority of an absolute target. Undefined only in HTTP/1.0. */
  readonly host: string | undefined;
  /** The values of all lines of a name in lower case, in their order. */
  readonly lines: (name: string) => readonly string[];
}

/** Reads a request's head. Throws a Refusal when it is malformed, or may be understood in two ways. */
export function readHead(request: IncomingRequest): Head {
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
  return { method, path: target.path, host: target.authority ?? line, lines };
}
