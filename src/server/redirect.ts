/** Redirects plain HTTP to HTTPS. */

import { readAuthority } from '../http/authority.ts';
import type { IncomingRequest, OutgoingResponse } from '../http/messages.ts';

const DEFAULT_HTTP_PORT = 80;
const DEFAULT_HTTPS_PORT = 443;
const ABSOLUTE_FORM = /^http:\/\/([^/?#]*)([^#]*)$/i;

/** The two ports that the process listens on. */
export interface RedirectPorts {
  readonly http: number;
  readonly https: number;
}

/**
 * Sends clients of plain HTTP to the same host and target over HTTPS (308: method and body stay). A client that asked
 * for the port that is listened on is sent to the HTTPS port; one that asked for another port came through a port
 * mapping (a container's, a router's), and is sent to the default port.
 */
export function createRedirect(
  ports: () => RedirectPorts,
): (request: IncomingRequest, response: OutgoingResponse) => void {
  return (request, response) => {
    const location = locationOf(request, ports());
    const lines = location === undefined ? [] : ['Location', location];
    response.writeHead(location === undefined ? 400 : 308, [
      ...lines,
      'Content-Length',
      '0',
      'Connection',
      'close',
    ]);
    response.end();
  };
}

function locationOf({ rawHeaders, url = '' }: IncomingRequest, ports: RedirectPorts): string | undefined {
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host');
  if (hosts.length > 1) return undefined;
  const [, authority, rest] = ABSOLUTE_FORM.exec(url) ?? [];
  const requested = readAuthority(authority ?? hosts[0] ?? '');
  const target = rest === undefined ? url : rest.startsWith('/') ? rest : `/${rest}`;
  if (!requested || !target.startsWith('/') || target.includes('#')) return undefined;
  const { host, port = DEFAULT_HTTP_PORT } = requested;
  const httpsPort = Number(port) === ports.http ? ports.https : DEFAULT_HTTPS_PORT;
  return `https://${host}${httpsPort === DEFAULT_HTTPS_PORT ? '' : `:${httpsPort}`}${target}`;
}
