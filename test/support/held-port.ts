import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/**
 * Keeps a port of 127.0.0.1 from being given to anybody else, while connections to it are refused as ever: our end
 * of a connection is bound to it. Whoever asks for this very port may still listen on it. The result lets it go.
 * Undefined when somebody was quicker, most likely for a connection of his own: then connections to it are refused
 * as well, as long as nobody listens on it. Does nothing where the system would not let anybody listen beside us.
 */
export async function holdPort(port: number): Promise<(() => void) | undefined> {
  if (process.platform !== 'linux') return () => {};
  const keeper = createServer((socket) => socket.on('error', () => {}));
  keeper.listen(0, '127.0.0.1');
  await once(keeper, 'listening');
  const host = '127.0.0.1';
  // A TCP server that listens has an address with a port.
  const { port: other } = keeper.address() as AddressInfo;
  const holder = connect({ host, port: other, localAddress: host, localPort: port });
  const isBound = await once(holder, 'connect').then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return false;
      throw error;
    },
  );
  holder.on('error', () => {});
  keeper.close();
  if (!isBound) return undefined;
  return () => void holder.destroy();
}
