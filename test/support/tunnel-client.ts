import { createHash } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { Behaviour } from './behaviours.ts';
import { type Message, MessageReader } from './http-message.ts';
import { releaseAfterwards } from './leftovers.ts';
import { requestBytes } from './raw-client.ts';
import type { RecordedRequest } from './recorded-request.ts';
import { until } from './waiting.ts';

/** Both ends of a change of protocol, byte for byte. */

/** The sample handshake of RFC 6455, 1.3. */
export const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
export const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

export const WEBSOCKET_LINES: readonly string[] = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  `Sec-WebSocket-Key: ${KEY}`,
  'Sec-WebSocket-Version: 13',
];

/** The bytes of a request that asks for a WebSocket, with these lines besides. */
export function askForWebSocket(path = '/', lines: readonly string[] = []): Buffer {
  return requestBytes(`GET ${path}`, [...WEBSOCKET_LINES, ...lines]);
}

/** The bytes of a request that asks for a protocol of another kind. */
export function askFor(protocol: string, lines: readonly string[] = []): Buffer {
  return requestBytes('GET /', ['Connection: Upgrade', `Upgrade: ${protocol}`, ...lines]);
}

type Lines = readonly (readonly [string, string])[];

export interface Switching {
  readonly protocol?: string;
  /** The Sec-WebSocket-Accept lines; the right one when it is not said. */
  readonly accept?: readonly string[];
  readonly headers?: Lines;
  /** Bytes in the same packet as the answer. */
  readonly head?: string;
  /** Called with the connection on which the other protocol is spoken from now on. */
  readonly talk?: (socket: Socket) => void;
}

/** Changes the protocol, as an upstream that understands the handshake. */
export function switchProtocol({
  protocol = 'websocket',
  accept,
  headers = [],
  head = '',
  talk = () => {},
}: Switching = {}): Behaviour {
  return {
    at: 'body',
    run(socket, request) {
      const accepts = accept ?? (protocol === 'websocket' ? [acceptFor(request)] : []);
      const lines: Lines = [
        ['Connection', 'Upgrade'],
        ['Upgrade', protocol],
        ...accepts.map((value) => ['Sec-WebSocket-Accept', value] as const),
        ...headers,
      ];
      const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      // From here on it is no HTTP.
      socket.removeAllListeners('data');
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${text}\r\n${head}`, 'latin1');
      talk(socket);
    },
  };
}

function acceptFor(request: RecordedRequest): string {
  const key = request.header('sec-websocket-key') ?? '';
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** Gathers what comes over a connection. */
export class BodyChunks {
  readonly #chunks: Buffer[] = [];

  constructor(socket: Socket) {
    socket.on('data', (chunk) => this.#chunks.push(chunk));
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.bytes.toString('latin1');
  }

  async has(text: string): Promise<void> {
    await until(() => this.text.includes(text), `${JSON.stringify(text)} after ${JSON.stringify(this.text)}`);
  }
}

/** A client that asks for another protocol and then sends and gets bare bytes. */
export class TunnelClient {
  readonly socket: Socket;
  /** The other side has ended or reset the connection. */
  isOver = false;
  readonly #gathered: BodyChunks;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#gathered = new BodyChunks(socket);
    socket.on('error', () => {});
    for (const event of ['end', 'close']) {
      socket.on(event, () => {
        this.isOver = true;
      });
    }
  }

  /** Connects and sends these bytes. */
  static async send(port: number, bytes: Buffer, { allowHalfOpen = false } = {}): Promise<TunnelClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen });
    const client = new TunnelClient(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    releaseAfterwards(() => socket.destroy());
    socket.write(bytes);
    return client;
  }

  /** Asks for a protocol and waits until it is spoken. */
  static async open(
    port: number,
    bytes = askForWebSocket(),
    options?: { readonly allowHalfOpen: boolean },
  ): Promise<TunnelClient> {
    const client = await TunnelClient.send(port, bytes, options);
    const { startLine } = await client.head();
    if (!startLine.startsWith('HTTP/1.1 101 ')) throw new Error(`no change of protocol: ${startLine}`);
    return client;
  }

  /** Ends the client's side; the other one may go on. */
  end(): void {
    this.socket.end();
  }

  /** The header section of the answer. */
  async head(): Promise<Message> {
    await until(() => this.#gathered.text.includes('\r\n\r\n') || this.isOver, 'a header section');
    let head: Message | undefined;
    const reader = new MessageReader(() => 'none', { head: (message) => (head ??= message) });
    reader.push(this.#gathered.bytes.subarray(0, this.#gathered.text.indexOf('\r\n\r\n') + 4));
    if (!head) throw new Error(`no header section: ${JSON.stringify(this.#gathered.text)}`);
    return head;
  }

  /** What came after the header section. */
  get received(): Buffer {
    return this.#gathered.bytes.subarray(this.#gathered.text.indexOf('\r\n\r\n') + 4);
  }

  /** Resolves when the text has come after the header section. */
  async has(text: string): Promise<void> {
    await until(() => this.received.includes(text, 0, 'latin1'), `${JSON.stringify(text)} from the upstream`);
  }

  /** Sends bytes, given as one character for each. */
  say(text: string): void {
    this.socket.write(text, 'latin1');
  }

  async ended(ms = 5_000): Promise<void> {
    await until(() => this.isOver, 'the end of the connection', ms);
  }
}
