import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Refusal } from '../../src/admin/problems.ts';
import { releaseAfterwards } from '../support/leftovers.ts';

/** Streams behind a server of their own: its port, and the codes of those that were refused. */
export async function serveStreams(open: (request: IncomingMessage, response: ServerResponse) => void) {
  const refusals: unknown[] = [];
  const server = createServer((request, response) => {
    try {
      open(request, response);
    } catch (error) {
      refusals.push(error instanceof Refusal ? error.code : error);
      response.writeHead(503).end();
    }
  });
  releaseAfterwards(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;
  return { port, refusals };
}
