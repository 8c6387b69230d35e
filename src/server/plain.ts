import { createServer, type Server, type ServerOptions } from 'node:http';
import { ClientRequest } from './client-request.ts';

/** A server without TLS, for HTTP/1.1. */
export function createPlainServer(limits: ServerOptions): Server<typeof ClientRequest> {
  const server = createServer({ ...limits, IncomingMessage: ClientRequest });
  // Node's own limit drops lines silently, Content-Length among them: a smuggled request.
  server.maxHeadersCount = 0;
  return server;
}
