// What hostile clients and odd upstreams can make the daemon hold: each shape against one process, whose resident
// memory is looked at. The margins are generous; without its bound each of these costs several times as much.
import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, answerRpc, type Behaviour, silence } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { watchGrowth } from '../support/process-figures.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';

/** Counted from the daemon's start, garbage included. */
const MARGIN_MB = 60;
const MAX_BUFFERED_KB = 2_048;

let upstream: FakeUpstream;
let daemon: Daemon;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  daemon = await startBalancer({
    primaries: [upstream],
    env: { ERROR_TIME_TO_LIVE_MINUTES: '0.00002', MAX_BUFFERED: `${MAX_BUFFERED_KB}kb` },
  });
});

beforeEach(() => upstream.reset());

async function sent(...parts: (string | Buffer)[]): Promise<RawClient> {
  const client = await RawClient.connect(daemon.port);
  for (const part of parts) client.send(part);
  return client;
}

const rpc = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"eth_call","params":[]}`;
const post = (body: string, lines: readonly string[] = []) => requestBytes('POST /', lines, body);
/** Bytes of a chunked body, each a chunk of its own. */
const bytewise = (text: string) => [...text].map((byte) => `1\r\n${byte}\r\n`).join('');

async function grownBy(act: () => Promise<void>): Promise<number> {
  const growth = watchGrowth(daemon.pid);
  await act();
  expect((await rawRequest(daemon.port, requestBytes('GET /alive'))).status).toBe(200);
  return growth();
}

describe('in pieces of one byte', () => {
  const text = 'x'.repeat(400_000);

  it('a request is held at about its size', async () => {
    const grown = await grownBy(async () => {
      const client = await sent(
        'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
        bytewise(text),
      );
      client.send('0\r\n\r\n');
      expect((await client.response()).status).toBe(200);
    });
    expect(upstream.requests[0]?.body.toString()).toBe(text);
    expect(grown).toBeLessThan(MARGIN_MB);
  });

  it('an answer is held at about its size', async () => {
    const answer = `[{"jsonrpc":"2.0","id":1,"result":"${text.repeat(2)}"},{"jsonrpc":"2.0","id":2,"result":1}]`;
    upstream.use({
      at: 'body',
      run: (socket) =>
        socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${bytewise(answer)}0\r\n\r\n`),
    });
    const grown = await grownBy(async () => {
      const response = await rawRequest(daemon.port, post(`[${rpc(1)},${rpc(2)}]`));
      expect(response.text).toBe(answer);
      upstream.reset();
    });
    expect(grown).toBeLessThan(MARGIN_MB);
  });
});

describe('an answer that unpacks to a hundred times its size', () => {
  const bomb = gzipSync(`[${'{},'.repeat(2_000_000)}{}]`);
  const packed: Behaviour = {
    at: 'body',
    run: (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${bomb.length}\r\n\r\n`);
      socket.write(bomb);
    },
  };

  it.each([
    ['a call is none: its first byte tells', rpc(1), 502],
    ['a batch passes unread, where there is no room for it', `[${rpc(1)},${rpc(2)}]`, 200],
  ])('to %s', async (_, body, status) => {
    upstream.use(packed);
    const grown = await grownBy(async () => {
      for (let turn = 0; turn < 3; turn++) {
        expect((await rawRequest(daemon.port, post(body))).status).toBe(status);
      }
      upstream.reset();
    });
    expect(grown).toBeLessThan(MARGIN_MB);
  });
});

describe('answers before the answer', () => {
  const hint = `HTTP/1.1 103 Early Hints\r\nLink: </${'a'.repeat(500)}.css>; rel=preload\r\n\r\n`;
  const page = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage';
  const hints = (count: number): Behaviour => ({
    at: 'body',
    run: (socket) => socket.write(hint.repeat(count) + page),
  });

  it('reach the client four times', async () => {
    upstream.next(hints(50));
    const response = await rawRequest(daemon.port, requestBytes('GET /'));
    expect([response.text, response.interim.length]).toEqual(['page', 4]);
  });

  it('are no answer when they never end', async () => {
    upstream.next(hints(101));
    expect((await rawRequest(daemon.port, requestBytes('GET /'))).status).toBe(502);
  });
});

describe('what a client calls things', () => {
  it('is cut in the log', async () => {
    const method = 'm_'.repeat(200_000);
    const lines = ['X-Request-Id: long-names'];
    await rawRequest(
      daemon.port,
      requestBytes(`POST /${'p'.repeat(5_000)}`, lines, rpc(1).replace('eth_call', method)),
    );
    const line = await daemon.logged(({ id }) => id === 'long-names', 'the request');
    expect(line['rpcMethod']).toBe(`${method.slice(0, 256)}…`);
    expect(line['path']).toBe(`/${'p'.repeat(1_023)}…`);
  });
});

describe('bodies that come in', () => {
  const KB = 1_024;
  /** Kept, if there is room. */
  const SIZE = 200 * KB;

  /** All but the last byte of a body. */
  const unfinished = (target: string) =>
    sent(
      `POST ${target} HTTP/1.1\r\nHost: a\r\nContent-Length: ${SIZE}\r\n\r\n`,
      Buffer.alloc(SIZE - 1, 'x'),
    );

  // Twice: the room is there again when those clients have left.
  it.each([1, 2])(
    'are kept, piped, or refused, as far as there is room; small ones are taken (%d)',
    async (round) => {
      upstream.use(silence());
      const clients: RawClient[] = [];
      for (let count = 0; count < 5; count++) clients.push(await unfinished('/kept'));
      // With 5 times 200 kB, half of what may be held is full but for 24 kB. The other half has room for three that
      // are piped.
      for (let count = 1; count <= 3; count++) {
        clients.push(await unfinished('/piped'));
        const piped = await upstream.arrived(count);
        expect([piped.target, piped.headers('content-length')]).toEqual(['/piped', [`${SIZE}`]]);
      }

      const refused = await sent(
        requestBytes('POST /', ['Content-Type: application/json', `Content-Length: ${SIZE}`]),
        Buffer.alloc(SIZE / 2, ' '),
      );
      const response = await refused.response();
      expect([response.status, response.header('retry-after') !== undefined]).toEqual([503, true]);
      expect(JSON.parse(response.text)).toMatchObject({
        id: null,
        error: { code: -32011, data: { code: 'OVERLOADED' } },
      });

      upstream.use(answerRpc({}, 'small'));
      expect((await http(daemon.url, { method: 'POST', body: rpc(7) })).json()).toMatchObject({
        result: 'small',
      });
      for (const client of clients) client.reset();
      await until(
        () => daemon.logs().filter(({ result }) => result === 'client-left').length >= 8 * round,
        'the ends of those requests',
      );
    },
  );
});

describe('answers, while there is no room', () => {
  const SIZE = 150_000;
  const large = (id: number) => `{"jsonrpc":"2.0","id":${id},"result":"${'r'.repeat(SIZE)}"}`;
  const json = (body: string) => answer({ body });
  let narrow: Daemon;

  beforeAll(async () => {
    narrow = await startBalancer({
      primaries: [upstream],
      fallbacks: [upstream.url.replace('127.0.0.1', 'localhost')],
      env: { MAX_BUFFERED: '64kb' },
    });
  });

  it('to a batch stream', async () => {
    const whole = `[${large(1)},${large(2)}]`;
    upstream.use(json(whole));
    expect((await rawRequest(narrow.port, post(`[${rpc(1)},${rpc(2)}]`))).text).toBe(whole);
  });

  it('to the rest of a batch are refused, and nobody is blamed', async () => {
    const missing = '{"jsonrpc":"2.0","id":2,"error":{"code":-32000,"message":"missing trie node"}}';
    upstream.next(json(`[{"jsonrpc":"2.0","id":1,"result":1},${missing}]`), json(`[${large(2)}]`));
    const response = await rawRequest(narrow.port, post(`[${rpc(1)},${rpc(2)}]`));
    expect(JSON.parse(response.text)).toMatchObject([
      { id: 1, result: 1 },
      { id: 2, error: { code: -32000 } },
    ]);
    expect((await narrow.stats()).map(({ failures }) => failures)).toEqual([0, 0]);
  });
});
