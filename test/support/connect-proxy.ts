import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { releaseAfterwards } from './leftovers.ts';

/** A forward proxy that opens tunnels. */
export interface ConnectProxy {
  readonly port: number;
  /** What was asked for: `host:port`, and the credentials that came with it. */
  readonly asked: readonly { readonly target: string; readonly authorization: string | undefined }[];
  /** With this status instead of a tunnel. */
  refusal: number | undefined;
}

/** It is closed after the test. */
export async function startConnectProxy(): Promise<ConnectProxy> {
  const asked: { target: string; authorization: string | undefined }[] = [];
  const server = createServer((_, response) => response.writeHead(501).end());
  server.on('connect', ({ url: target = '', headers }, socket) => {
    asked.push({ target, authorization: headers['proxy-authorization'] });
    if (proxy.refusal !== undefined) {
      socket.end(`HTTP/1.1 ${proxy.refusal} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const [host = '', port] = target.split(':');
    const onward = connect(Number(port), host, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    socket.on('error', () => onward.destroy());
    onward.on('error', () => socket.destroy());
    releaseAfterwards(() => onward.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  releaseAfterwards(() => {
    server.close();
    server.closeAllConnections();
  });
  // A server that listens on TCP has an address of this kind.
  const { port } = server.address() as AddressInfo;
  const proxy: ConnectProxy = { port, asked, refusal: undefined };
  return proxy;
}
