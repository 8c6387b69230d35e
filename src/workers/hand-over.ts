/** Accepts the clients' connections in the first process, and hands each over to a worker. */

import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { listen } from '../server/listen.ts';
import type { Accepted, Worker } from './crew.ts';
import type { PortName } from './messages.ts';

/** A worker that has not taken a connection for so long gets no more as long as there is another one. */
const STUCK_AFTER_MS = 250;

/** Where to listen. */
export interface PlaceToListen {
  readonly port: number;
  readonly host: string;
}

/**
 * The port belongs to this process: it stays open while workers come and go, and is closed before they are told to
 * drain, so that each connection that was accepted is served. One that a worker had not taken when it ended goes to
 * another one.
 */
export class HandOver {
  readonly #workers: () => readonly Worker[];
  readonly #clock: Clock;
  readonly #servers: Server[] = [];
  /** Those that wait for a worker, the oldest first. */
  #waiting: Accepted[] = [];
  readonly #maxWaiting: number;

  /** `workers`: those that take connections at the moment. At most so many connections wait for each, or for any. */
  constructor(workers: () => readonly Worker[], maxWaiting: number, clock: Clock) {
    this.#workers = workers;
    this.#clock = clock;
    this.#maxWaiting = maxWaiting;
  }

  /** Resolves to the address when connections are accepted. Rejects with the system's error. */
  listen(port: PortName, place: PlaceToListen): Promise<AddressInfo> {
    const server = createServer({ pauseOnConnect: true }, (socket) => this.#onConnection(socket, port));
    this.#servers.push(server);
    return listen(server, place.port, place.host);
  }

  /** Resolves when the ports are closed and all that was accepted is handed over. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      // After the poll phase: the system resets connections that it has queued and that are not accepted yet.
      setImmediate(() => {
        for (const server of this.#servers) server.close();
        setImmediate(resolve);
      });
    });
  }

  /** A worker serves from now on. */
  resume(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const accepted of waiting) this.#give(accepted);
  }

  /** The worker has told that the oldest connection has arrived. */
  onTaken(worker: Worker): void {
    worker.handedOver.shift()?.socket.destroy();
    worker.connections += 1;
  }

  /** The worker has ended. What it had not taken others get. */
  onEnd(worker: Worker): void {
    for (const accepted of worker.handedOver.splice(0)) this.#give(accepted);
  }

  /** There will be no worker any more. */
  dropWaiting(): void {
    for (const { socket } of this.#waiting.splice(0)) socket.destroy();
  }

  #onConnection(socket: Socket, port: PortName): void {
    socket.on('error', () => {});
    // Node would ask the workers how many connections they have before it lets a server end.
    Object.assign(socket, { server: null });
    // After the messages that came at the same moment: what a worker has told before it answered this client is passed on first.
    setImmediate(() => this.#give({ socket, port, sentMs: 0 }));
  }

  /** To the one that is the quickest to take connections, and has the fewest. */
  #give(accepted: Accepted): void {
    const nowMs = this.#clock.monotonicMs();
    const all = this.#workers();
    const quick = all.filter(({ handedOver: [oldest] }) => !oldest || nowMs - oldest.sentMs < STUCK_AFTER_MS);
    let best: Worker | undefined;
    for (const worker of quick.length > 0 ? quick : all) if (!best || isBetter(worker, best)) best = worker;
    if (best && best.handedOver.length < this.#maxWaiting) {
      accepted.sentMs = nowMs;
      best.handedOver.push(accepted);
      best.process.send({ type: 'connection', port: accepted.port }, accepted.socket);
    } else if (!best && this.#waiting.length < this.#maxWaiting) this.#waiting.push(accepted);
    else accepted.socket.destroy();
  }
}

function isBetter(one: Worker, other: Worker): boolean {
  const difference = one.handedOver.length - other.handedOver.length;
  return difference < 0 || (difference === 0 && one.connections < other.connections);
}
