import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { SecureVersion, TLSSocket } from 'node:tls';
import type { Certified } from './certificates.ts';
import { releaseAfterwards } from './leftovers.ts';

/** What was seen of one connection that made its handshake. */
export interface SeenConnection {
  readonly servername: string;
  readonly resumed: boolean;
}

/** An upstream that speaks HTTPS and answers every request with its body and some header lines. */
export class TlsUpstream {
  readonly connections: SeenConnection[] = [];
  readonly authorizations: (string | undefined)[] = [];
  readonly #server: Server;

  private constructor({ cert, key }: Certified, maxVersion: SecureVersion) {
    this.#server = createServer({ cert, key, maxVersion }, (request, response) => {
      this.authorizations.push(request.headers.authorization);
      request.resume().once('end', () => response.end('secret'));
    });
    this.#server.on('secureConnection', (socket: TLSSocket & { servername?: string | false }) => {
      this.connections.push({ servername: String(socket.servername), resumed: socket.isSessionReused() });
    });
  }

  static async start(pair: Certified, maxVersion: SecureVersion = 'TLSv1.3'): Promise<TlsUpstream> {
    const upstream = new TlsUpstream(pair, maxVersion);
    await new Promise<void>((resolve) => upstream.#server.listen(0, '127.0.0.1', resolve));
    releaseAfterwards(() => {
      upstream.dropConnections();
      return new Promise((resolve) => upstream.#server.close(resolve));
    });
    return upstream;
  }

  get port(): number {
    // A TCP server that listens has an address with a port.
    return (this.#server.address() as AddressInfo).port;
  }

  url(host = 'localhost'): string {
    return `https://${host}:${this.port}`;
  }

  dropConnections(): void {
    this.#server.closeAllConnections();
  }
}
