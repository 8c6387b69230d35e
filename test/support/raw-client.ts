import { connect, type Socket } from 'node:net';
import { declaredFraming, type Framing, type Message, MessageReader } from './http-message.ts';
import { releaseAfterwards } from './leftovers.ts';
import { until, within } from './waiting.ts';

/** How the connection stands: ended in good order, reset, or still open. */
export type Connection = 'open' | 'fin' | 'rst';

export class RawResponse {
  readonly message: Message;
  /** Interim responses (1xx) that came before this one. */
  readonly interim: readonly Message[];

  constructor(message: Message, interim: readonly Message[]) {
    this.message = message;
    this.interim = interim;
  }

  get status(): number {
    return Number(this.message.startLine.split(' ')[1]);
  }

  get version(): string {
    return this.message.startLine.split(' ')[0] ?? '';
  }

  get reason(): string {
    return this.message.startLine.split(' ').slice(2).join(' ');
  }

  get headerLines(): readonly string[] {
    return this.message.headerLines;
  }

  get body(): Buffer {
    return this.message.body;
  }

  get text(): string {
    return this.message.text;
  }

  /** False when the connection ended before the body's promised end. */
  get complete(): boolean {
    return this.message.complete;
  }

  headers(name: string): string[] {
    return this.message.headers(name);
  }

  header(name: string): string | undefined {
    return this.message.header(name);
  }
}

/** A TCP client that sends bytes exactly as told and reads responses strictly. */
export class RawClient {
  readonly socket: Socket;
  connection: Connection = 'open';
  readonly #reader: MessageReader;
  readonly #responses: RawResponse[] = [];
  readonly #toHead: boolean[] = [];
  #interim: Message[] = [];
  #given = 0;
  #malformed: unknown;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#reader = new MessageReader((message) => this.#framing(message), {
      head: (message) => this.#begin(message),
    });
    socket.on('data', (bytes) => this.#read(bytes));
    socket.on('end', () => {
      this.#reader.finish();
      this.connection = 'fin';
    });
    socket.on('error', () => {
      this.connection = 'rst';
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const client = new RawClient(socket);
    releaseAfterwards(() => client.leave());
    return client;
  }

  /** Sends the bytes of one request, or of a part of it; a string is one byte for each character. */
  send(bytes: string | Buffer): void {
    const data = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
    if (/^[A-Z]+ /.test(data.toString('latin1', 0, 20))) {
      this.#toHead.push(data.toString('latin1', 0, 5) === 'HEAD ');
    }
    this.socket.write(data);
  }

  /** The next final response, whole or as far as it came when the connection ended. */
  async response(ms = 5_000): Promise<RawResponse> {
    const found = await until(
      () => {
        if (this.#malformed !== undefined) throw this.#malformed;
        const next = this.#responses[this.#given];
        if (next && (next.complete || this.connection !== 'open')) return next;
        if (this.connection !== 'open') throw new Error(`no response: ${this.connection}`);
        return undefined;
      },
      'a response',
      ms,
    );
    this.#given++;
    return found;
  }

  /** The next final response as soon as its header section is there. Does not count as read. */
  head(): Promise<RawResponse> {
    return until(() => this.#responses[this.#given], "a response's header section");
  }

  /** Waits until the other side ends the connection; tells how. */
  ended(ms = 5_000): Promise<Connection> {
    return until(
      () => (this.connection === 'open' ? undefined : this.connection),
      'the end of the connection',
      ms,
    );
  }

  /** Bytes that came after the last response. */
  get unread(): Buffer {
    return this.#reader.unread;
  }

  /** Goes away without a word. */
  leave(): void {
    this.socket.destroy();
  }

  /** Goes away with a reset. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  #framing(message: Message): Framing {
    const status = Number(message.startLine.split(' ')[1]);
    if (status < 200) return 'none';
    const toHead = this.#toHead.shift() ?? false;
    if (toHead || status === 204 || status === 304) return 'none';
    return declaredFraming(message) ?? 'until-close';
  }

  #begin(message: Message): void {
    if (!/^HTTP\/1\.[01] \d{3} /.test(message.startLine))
      throw new Error(`status line: ${message.startLine}`);
    if (message.startLine.split(' ')[1]?.startsWith('1')) {
      this.#interim.push(message);
      return;
    }
    this.#responses.push(new RawResponse(message, this.#interim));
    this.#interim = [];
  }

  #read(bytes: Buffer): void {
    try {
      this.#reader.push(bytes);
    } catch (error) {
      this.#malformed = error;
    }
  }
}

/** One request on a connection of its own. */
export async function rawRequest(port: number, bytes: string | Buffer): Promise<RawResponse> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  const response = await within(client.response(10_000), 11_000, 'a response');
  client.leave();
  return response;
}

/**
 * The bytes of a request: `start` is method and target. A Host line is added, and a Content-Length when
 * there is a body that the lines don't frame.
 */
export function requestBytes(
  start: string,
  headerLines: readonly string[] = [],
  body: string | Buffer = '',
): Buffer {
  const lines = headerLines.some((line) => /^host:/i.test(line)) ? [] : ['Host: balancer.test'];
  lines.push(...headerLines);
  const framed = headerLines.some((line) => /^(content-length|transfer-encoding):/i.test(line));
  const bytes = Buffer.from(body);
  if (bytes.length > 0 && !framed) lines.push(`Content-Length: ${bytes.length}`);
  return Buffer.concat([Buffer.from(`${start} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bytes]);
}

/** A body in chunks of `size` bytes, for a request with `Transfer-Encoding: chunked`. */
export function chunked(body: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const data = body.subarray(at, at + size);
    parts.push(Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n'));
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}
