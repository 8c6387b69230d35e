import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { releaseAfterwards } from './leftovers.ts';

/** A way to a port of this machine that can be long, silent or cut, and counts what passes. */
export class SlowPath {
  readonly port: number;
  /** How much later everything arrives, in each direction. */
  delayMs = 0;
  /** Nothing arrives any more. */
  isSilent = false;
  /** Bytes, there and back. */
  readonly passed = { there: 0, back: 0 };
  readonly #sockets = new Set<Socket>();

  private constructor(port: number) {
    this.port = port;
  }

  static async to(target: number): Promise<SlowPath> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    // A TCP server that listens has an address with a port.
    const path = new SlowPath((server.address() as AddressInfo).port);
    server.on('connection', (socket) => path.#carry(socket, target));
    releaseAfterwards(() => {
      server.close();
      path.cut();
    });
    return path;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** All connections break. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #carry(socket: Socket, target: number): void {
    const other = connect(target, '127.0.0.1');
    const pipe = (from: Socket, to: Socket, way: 'there' | 'back') => {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on('data', (data: Buffer) => {
        if (this.isSilent) return;
        this.passed[way] += data.length;
        if (this.delayMs === 0) to.write(data);
        else setTimeout(() => to.destroyed || to.write(data), this.delayMs);
      });
      from.on('error', () => {});
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    };
    pipe(socket, other, 'there');
    pipe(other, socket, 'back');
  }
}
