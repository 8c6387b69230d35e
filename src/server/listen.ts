import type { AddressInfo, Server } from 'node:net';

/** Resolves to the address when connections are accepted. Rejects with the system's error. */
export function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      const address = server.address();
      if (address && typeof address === 'object') resolve(address);
    });
  });
}
