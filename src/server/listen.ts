/** Starts a server on a port. */

import type { AddressInfo, Server } from 'node:net';

/** Resolves to the address when connections are accepted. Rejects with the system's error. */
export function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    // Stays registered: a connection that can't be accepted, as when descriptors run out, must not end the process.
    server.on('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      if (address && typeof address === 'object') resolve(address);
    });
  });
}
