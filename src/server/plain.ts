/** Creates the HTTP/1.1 server without TLS. */

import { createServer, type Server, type ServerOptions } from 'node:http';
import { ClientRequest } from './client-request.ts';

export function createPlainServer(limits: ServerOptions): Server<typeof ClientRequest> {
  const server = createServer({ ...limits, IncomingMessage: ClientRequest });
  // Node's own limit drops header lines silently, even Content-Length, which would let a request be smuggled.
  server.maxHeadersCount = 0;
  return server;
}
