import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { answerByLabel, type Behaviour } from './behaviours.ts';
import { holdPort } from './held-port.ts';
import { declaredFraming, MessageReader } from './http-message.ts';
import { releaseAfterwards } from './leftovers.ts';
import { RecordedRequest } from './recorded-request.ts';
import { until } from './waiting.ts';

/** An upstream on a real socket that answers as it is told, or really misbehaves. */
export class FakeUpstream {
  readonly label: string;
  /** Every request whose header section arrived, in order. */
  readonly requests: RecordedRequest[] = [];
  /** Connections accepted so far. */
  connections = 0;
  /** What arrived and was no HTTP request. */
  readonly malformed: string[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #script: Behaviour[] = [];
  #always: Behaviour;
  #server: Server | undefined;
  #port = 0;
  /** Lets the port go, which is kept for this upstream while it is closed. */
  #letGo: (() => void) | undefined;

  private constructor(label: string) {
    this.label = label;
    this.#always = answerByLabel(label);
  }

  /** Listens on a free port. Without further orders JSON-RPC calls get the label as result, others as text. */
  static async start(label = 'A', always?: Behaviour): Promise<FakeUpstream> {
    const upstream = new FakeUpstream(label);
    if (always) upstream.use(always);
    await upstream.listenAgain();
    releaseAfterwards(async () => {
      await upstream.#stop();
      upstream.#letGo?.();
    });
    return upstream;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get openConnections(): number {
    return this.#sockets.size;
  }

  /** From now on every request is treated so. */
  use(behaviour: Behaviour): void {
    this.#always = behaviour;
  }

  /** The next requests are treated so, one each; then `use` holds again. */
  next(...behaviours: Behaviour[]): void {
    this.#script.push(...behaviours);
  }

  /** Forgets what was recorded and ordered, and answers in good order again. */
  reset(): void {
    this.requests.length = 0;
    this.malformed.length = 0;
    this.#script.length = 0;
    this.#always = answerByLabel(this.label);
  }

  /** The n-th recorded request (from 1), as soon as its header section is there. */
  arrived(n = 1): Promise<RecordedRequest> {
    return until(() => this.requests[n - 1], `request ${n} at upstream ${this.label}`);
  }

  /** Ends every open connection, as a restart would. */
  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Listens no more and ends all connections. Nobody else gets the port before the end of the test. */
  async close(): Promise<void> {
    if (!this.#server) return;
    await this.#stop();
    this.#letGo = await holdPort(this.#port);
  }

  get isListening(): boolean {
    return this.#server !== undefined;
  }

  /** After `close`: nobody else has been given the port in that moment. */
  get isHeld(): boolean {
    return this.#letGo !== undefined;
  }

  async #stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    this.dropConnections();
    await closed;
  }

  /** Listens again on the port it had. */
  async listenAgain(): Promise<void> {
    const server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    // A TCP server that listens has an address with a port.
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#letGo?.();
  }

  #accept(socket: Socket): void {
    const connection = ++this.connections;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    // Each request on a kept connection waits for its end.
    socket.setMaxListeners(0);
    socket.once('close', () => this.#sockets.delete(socket));
    const upcoming = this.#script[0] ?? this.#always;
    if (upcoming.at === 'connect') {
      this.#takeBehaviour();
      upcoming.run(socket);
      return;
    }
    this.#read(socket, connection);
  }

  #read(socket: Socket, connection: number): void {
    let request: RecordedRequest | undefined;
    let behaviour: Behaviour | undefined;
    const reader = new MessageReader((message) => declaredFraming(message) ?? 'none', {
      head: (message) => {
        request = new RecordedRequest(message, connection, socket);
        this.requests.push(request);
        behaviour = this.#takeBehaviour();
        if (behaviour.at === 'connect') behaviour.run(socket);
        if (behaviour.at === 'head') behaviour.run(socket, request);
      },
      end: () => {
        if (request && behaviour?.at === 'body') behaviour.run(socket, request);
      },
    });
    socket.on('data', (bytes) => {
      try {
        reader.push(bytes);
      } catch (error) {
        this.malformed.push(`${error}`);
        socket.destroy();
      }
    });
  }

  #takeBehaviour(): Behaviour {
    return this.#script.shift() ?? this.#always;
  }
}

/** A port on 127.0.0.1 on which nothing listens until the end of the test, unless the test asks for it. */
export async function releasedPort(): Promise<number> {
  for (;;) {
    const upstream = await FakeUpstream.start();
    await upstream.close();
    if (upstream.isHeld) return upstream.port;
  }
}

/** A host without an address. Its label is too long (RFC 1035, 2.3.4): nobody in the network has to be asked. */
export const NO_SUCH_HOST = `${'no-such-host-'.repeat(5)}.invalid`;
