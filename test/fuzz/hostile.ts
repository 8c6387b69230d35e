import type { IncomingMessage } from 'node:http';
import { constants } from 'node:http2';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { Http2Client } from '../support/http2-client.ts';

/** What a stranger can do with one connection, and the upstream that goes along with it. */

export interface Target {
  readonly port: number;
  /** Opens a connection that speaks HTTP/1.1. */
  readonly open: () => Socket;
  /** How long each attempt to do harm lasts; milliseconds. */
  readonly forMs: number;
}

export type Attack = (target: Target) => Promise<void>;

const MB = 1024 * 1024;

/** An attack by HTTP/1.1. */
const by =
  (act: (socket: Socket) => void, reads = true): Attack =>
  async ({ open, forMs }) => {
    const socket = open();
    socket.on('error', () => {});
    if (reads) socket.resume();
    else socket.pause();
    act(socket);
    await sleep(forMs);
    socket.destroy();
  };

const CHUNKS = 'Host: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const call = (method: string, id = '1') => `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;
const bytewise = '1\r\nx\r\n'.repeat(900_000);
const almost = (length: number) =>
  `POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${'x'.repeat(length - 1)}`;

/** Streams of one HTTP/2 connection, as many as are allowed; `act` begins each. */
const streams =
  (act: (client: Http2Client, index: number) => void, settings = {}): Attack =>
  async ({ port, forMs }) => {
    const client = await Http2Client.connect(port, { settings });
    for (let index = 0; index < 100; index++) act(client, index);
    await sleep(forMs);
    client.session.destroy();
  };

export const ATTACKS: Readonly<Record<string, Attack>> = {
  'a kept body in bytes': by((socket) => socket.write(`POST /silent HTTP/1.1\r\n${CHUNKS}${bytewise}`)),
  'a piped body in bytes': by((socket) => {
    socket.write(`POST /slow HTTP/1.1\r\n${CHUNKS}${(2 * MB).toString(16)}\r\n${'x'.repeat(2 * MB)}\r\n`);
    socket.write(bytewise);
  }),
  'a piped body that nobody takes': by((socket) =>
    socket.write(`POST /deaf HTTP/1.1\r\n${CHUNKS}${(20 * MB).toString(16)}\r\n${'x'.repeat(20 * MB)}`),
  ),
  'chunks with extensions': by((socket) => {
    const chunk = `1;${'e'.repeat(2_000)}\r\nx\r\n`;
    socket.write(`POST /silent HTTP/1.1\r\n${CHUNKS}${chunk.repeat(2_000)}`);
  }),
  'pipelined requests': by((socket) => socket.write(get('/silent').repeat(300_000))),
  'pipelined bodies': by((socket) => socket.write(post('/silent', 'x'.repeat(MB - 1)).repeat(15))),
  'pipelined large answers, unread': by(
    (socket) => socket.write(post('/large', `[${call('eth_call')},${call('eth_call', '2')}]`).repeat(200)),
    false,
  ),
  'an unfinished body': by((socket) => socket.write(almost(MB))),
  'streamed answers in bytes, unread': by((socket) => socket.write(get('/bytes')), false),
  'answers in bytes': by((socket) => socket.write(post('/bytes', `[${call('a')},${call('b', '2')}]`))),
  'hints without end, unread': by((socket) => socket.write(get('/hints')), false),
  'answers that unpack': by((socket) => socket.write(post('/packed', call('eth_call')).repeat(3))),
  'batches with answers that unpack': by((socket) =>
    socket.write(post('/packed', `[${call('eth_call')},${call('eth_call', '2')}]`).repeat(3)),
  ),
  'long names': by((socket) => socket.write(post('/', call('a_'.repeat(400_000))))),
  'batches of errors': by((socket) => {
    const items = Array.from({ length: 1_900 }, (_, id) => call('x', `${id}`)).join(',');
    socket.write(post('/', `[${items}]`).repeat(50));
  }, false),
  'batches of nothing': by((socket) => socket.write(post('/', `[${'1,'.repeat(400_000)}1]`).repeat(10))),
  'deep nesting': by((socket) => socket.write(post('/', '[{"method":'.repeat(90_000)))),
  'ids of a megabyte': by((socket) =>
    socket.write(post('/', call('x', `[${'{},'.repeat(300_000)}{}]`)).repeat(10)),
  ),
  'filters without end': by((socket) => {
    const items = Array.from({ length: 1_000 }, (_, id) => call('eth_newFilter', `${id}`)).join(',');
    socket.write(post('/', `[${items}]`).repeat(10));
  }),
  'half a header section': by((socket) =>
    socket.write(`GET / HTTP/1.1\r\nHost: a\r\n${`X: ${'x'.repeat(300)}\r\n`.repeat(90)}`),
  ),
  'headers without end': by((socket) => socket.write(`GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(500_000)}`)),
  'trailers without end': by((socket) =>
    socket.write(`POST / HTTP/1.1\r\n${CHUNKS}1\r\nx\r\n0\r\n${'X: y\r\n'.repeat(500_000)}`),
  ),
  'upgrades with much behind': by((socket) => {
    const lines = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
    socket.write(`GET /silent HTTP/1.1\r\n${lines}${'x'.repeat(20 * MB)}`);
  }),
  'a tunnel that is not read': by((socket) => {
    const lines = 'Host: a\r\nConnection: Upgrade\r\nUpgrade: flood\r\n\r\n';
    socket.write(`GET /tunnel HTTP/1.1\r\n${lines}`);
  }, false),
  'an answer with headers without end': by((socket) => socket.write(get('/headers'))),
  'an answer with trailers without end': by((socket) => socket.write(get('/trailers'))),
  'HEAD, answered by a body': by((socket) =>
    socket.write('HEAD /bytes HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(10)),
  ),
};

/** By HTTP/2. */
export const STREAM_ATTACKS: Readonly<Record<string, Attack>> = {
  'streams that take nothing': streams((client) => client.open({ ':path': '/' }, true).on('data', () => {}), {
    initialWindowSize: 0,
  }),
  'streams with large answers that take nothing': streams(
    (client) => {
      const stream = client.open({ ':path': '/large', ':method': 'POST' });
      stream.end(`[${call('eth_call')},${call('eth_call', '2')}]`);
    },
    { initialWindowSize: 0 },
  ),
  'streams with unfinished bodies': streams((client) => {
    client.open({ ':path': '/silent', ':method': 'POST' }).write(Buffer.alloc(MB - 1, 'x'));
  }),
  'streams with bodies in bytes': streams((client, index) => {
    const stream = client.open({ ':path': '/silent', ':method': 'POST' });
    if (index < 10) for (let at = 0; at < 5_000; at++) stream.write('x');
  }),
  'streams that are reset': streams((client) => {
    client.open({ ':path': '/silent', ':method': 'POST' }).close(constants.NGHTTP2_CANCEL);
  }),
};

/** Writes the same bytes for as long as they are taken. */
function pour(socket: Socket, bytes: Buffer): void {
  const go = () => {
    while (!socket.destroyed && socket.write(bytes));
    if (!socket.destroyed) socket.once('drain', go);
  };
  go();
}

const bomb = gzipSync(`[${'{},'.repeat(2_600_000)}{}]`);
const HINT = Buffer.from(
  `HTTP/1.1 103 Early Hints\r\nLink: </${'a'.repeat(1_000)}.css>; rel=preload\r\n\r\n`.repeat(60),
);
const OK = 'HTTP/1.1 200 OK\r\n';
const LARGE = `[{"jsonrpc":"2.0","id":1,"result":"${'r'.repeat(900_000)}"},{"jsonrpc":"2.0","id":2,"result":1}]`;

/** Written past the server, which would keep the answer to the next request on the connection waiting for ever. */
const LAST = `${OK}Connection: close\r\n`;

/** By the request's path, what is done instead of an answer in good order. */
const MISDEEDS: Readonly<Record<string, (socket: Socket, request: IncomingMessage) => void>> = {
  '/silent': (_, request) => request.resume(),
  '/deaf': (_, request) => request.pause(),
  '/slow': (_, request) => {
    request.on('data', () => {
      request.pause();
      setTimeout(() => request.resume(), 50);
    });
  },
  '/bytes': (socket) => {
    socket.write(`${OK}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n[\r\n`);
    pour(socket, Buffer.from('1\r\n1\r\n'.repeat(20_000)));
  },
  '/large': (socket) => socket.write(`${LAST}Content-Length: ${LARGE.length}\r\n\r\n${LARGE}`),
  '/hints': (socket) => pour(socket, HINT),
  '/packed': (socket) => {
    socket.write(`${LAST}Content-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
    socket.write(bomb);
  },
  '/headers': (socket) => {
    socket.write(OK);
    pour(socket, Buffer.from('X: y\r\n'.repeat(20_000)));
  },
  '/trailers': (socket) => {
    socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n`);
    pour(socket, Buffer.from('X: y\r\n'.repeat(20_000)));
  },
  '/tunnel': (socket) => {
    socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: flood\r\n\r\n');
    pour(socket, Buffer.alloc(65_536, 'f'));
  },
};

/** Does what the path says; false when it says nothing. */
export function misbehave(request: IncomingMessage): boolean {
  const misdeed = MISDEEDS[request.url ?? ''];
  misdeed?.(request.socket, request);
  return misdeed !== undefined;
}
