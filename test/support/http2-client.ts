import { once } from 'node:events';
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { releaseAfterwards } from './leftovers.ts';
import { within } from './waiting.ts';

type Headers = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** An answer over HTTP/2, whole or as far as it came. */
export interface Http2Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  readonly text: string;
  /** Interim answers before it. */
  readonly interim: readonly Headers[];
  /** Why the stream ended; 0 is no error. */
  readonly code: number;
}

export interface Http2Call {
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Buffer;
}

/** One HTTP/2 connection. */
export class Http2Client {
  readonly session: ClientHttp2Session;
  /** The connection is over. */
  readonly closed: Promise<void>;
  goaway: number | undefined;

  private constructor(session: ClientHttp2Session) {
    this.session = session;
    this.closed = new Promise((resolve) => session.once('close', () => resolve()));
    session.on('goaway', (code) => {
      this.goaway = code;
    });
    session.on('error', () => {});
    releaseAfterwards(() => session.destroy());
  }

  static async connect(port: number, options: SecureClientSessionOptions = {}): Promise<Http2Client> {
    const session = connect(`https://localhost:${port}`, {
      rejectUnauthorized: false,
      // Else large uploads make Node's client refuse answers.
      maxSessionMemory: 1_000,
      ...options,
    });
    const connected = new Promise<void>((resolve, reject) => {
      session.once('connect', () => resolve()).once('error', reject);
    });
    await within(connected, 5_000, 'an HTTP/2 connection');
    return new Http2Client(session);
  }

  /** A stream whose body the caller sends. */
  open(headers: OutgoingHttpHeaders, endStream = false): ClientHttp2Stream {
    const stream = this.session.request(headers, { endStream });
    stream.on('error', () => {});
    return stream;
  }

  async request(path: string, { headers = {}, body }: Http2Call = {}): Promise<Http2Answer> {
    const method = body === undefined ? 'GET' : 'POST';
    const stream = this.open({ ':path': path, ':method': method, ...headers }, body === undefined);
    if (body !== undefined) stream.end(body);
    return answerOn(stream);
  }

  get(path: string, headers: OutgoingHttpHeaders = {}): Promise<Http2Answer> {
    return this.request(path, { headers });
  }
}

/** What comes on a stream until it is over. */
export function answerOn(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = [];
  const interim: Headers[] = [];
  let headers: Headers = {};
  stream.on('headers', (more: Headers) => interim.push(more));
  stream.on('response', (head) => {
    headers = head;
  });
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const over = new Promise<Http2Answer>((resolve) => {
    stream.once('close', () => {
      const body = Buffer.concat(chunks);
      resolve({
        status: headers[':status'] ?? 0,
        headers,
        body,
        text: body.toString(),
        interim,
        code: stream.rstCode ?? 0,
      });
    });
  });
  return within(over, 10_000, 'the end of a stream');
}

function frame(type: number, flags: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  // Settings belong to the connection, all else to the first stream.
  head.writeUInt32BE(type === 4 ? 0 : 1, 5);
  return Buffer.concat([head, payload]);
}

/**
 * Begins to post a body without a length, in frames made by hand: Node's client ends a stream before it resets
 * it, which makes a whole request of a short one. The result sends the reset.
 */
export async function beginUpload(port: number, body: Buffer): Promise<() => void> {
  const socket = connectTls({ port, host: 'localhost', rejectUnauthorized: false, ALPNProtocols: ['h2'] });
  releaseAfterwards(() => socket.destroy());
  socket.on('error', () => {}).resume();
  await within(once(socket, 'secureConnect'), 5_000, 'a handshake');
  const authority = Buffer.from('localhost');
  // POST, https and / by their places in HPACK's static table, then :authority with its value.
  const fields = Buffer.from([0x83, 0x87, 0x84, 0x41, authority.length, ...authority]);
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
  socket.write(Buffer.concat([frame(4, 0, Buffer.alloc(0)), frame(1, 4, fields)]));
  for (let at = 0; at < body.length; at += 16_000) socket.write(frame(0, 0, body.subarray(at, at + 16_000)));
  return () => void socket.write(frame(3, 0, Buffer.from([0, 0, 0, 8])));
}
