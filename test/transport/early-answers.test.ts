// Upstreams that answer before they have the whole request, and leave.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, answerAndReset, type Behaviour, earlyAnswer, resetAtHead } from '../support/behaviours.ts';
import { Authority } from '../support/certificates.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { chunked, RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';
import { Attempts, answerOf } from './attempts.ts';

const TIMES = 20;
const REFUSAL = { status: 413, body: 'too much' };
const CHUNKED = ['Transfer-Encoding: chunked'];
const LARGE = Buffer.alloc(3_000_000, 'upload ');
const KEPT = Buffer.alloc(1_000_000, 'upload ');
const PADDED_CALL = `{"jsonrpc":"2.0","id":1,"method":"eth_call","params":["${'x'.repeat(900_000)}"]}`;

const ways: [string, Buffer][] = [
  ['a piped body with a length', requestBytes('POST /x', [], LARGE)],
  ['a piped body in chunks', requestBytes('POST /x', CHUNKED, chunked(LARGE, 60_000))],
  ['a kept body', requestBytes('POST /x', [], KEPT)],
];

/** The status and the text of each answer to so many requests, without repeats. */
async function answersTo(port: number, bytes: Buffer): Promise<string[]> {
  const answers = new Set<string>();
  for (let n = 0; n < TIMES; n++) {
    const { status, text } = await rawRequest(port, bytes);
    answers.add(`${status} ${text}`);
  }
  return [...answers];
}

describe(`an upstream that answers early and resets gets its answer through, ${TIMES} times of ${TIMES},`, () => {
  const moments: [string, Behaviour][] = [
    ['at once', answerAndReset(REFUSAL)],
    ['in the middle', answerAndReset(REFUSAL, 200_000)],
    ['with a longer page', answerAndReset({ status: 413, body: 'too much '.repeat(5_000) })],
  ];
  it.each(
    ways.flatMap(([what, bytes]) =>
      moments.map(([when, behaviour]) => [what, when, bytes, behaviour] as const),
    ),
  )('to %s, %s', async (_, when, bytes, behaviour) => {
    const upstream = await FakeUpstream.start('A', behaviour);
    const { port } = await startApp({ primaries: [upstream] });
    const text = when === 'with a longer page' ? 'too much '.repeat(5_000) : 'too much';
    expect(await answersTo(port, bytes)).toEqual([`413 ${text}`]);
  });

  it('by TLS', async () => {
    const sockets = new Map<number | undefined, Socket>();
    const pair = new Authority().certify(['localhost']);
    const inner = createTlsServer(pair, (secure) => {
      secure.on('error', () => {});
      secure.once('data', () => {
        secure.write('HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 8\r\n\r\ntoo much');
        // When the encrypted bytes have gone out.
        setImmediate(() => sockets.get(secure.remotePort)?.resetAndDestroy());
      });
    });
    const server = createServer((socket) => {
      sockets.set(
        socket.remotePort,
        socket.on('error', () => {}),
      );
      inner.emit('connection', socket);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    releaseAfterwards(() => void server.close());
    // A TCP server that listens has an address with a port.
    const { port: upstreamPort } = server.address() as AddressInfo;
    const { port } = await startApp({ primaries: [`https://127.0.0.1:${upstreamPort} insecure=true`] });
    expect(await answersTo(port, requestBytes('POST /x', [], LARGE))).toEqual(['413 too much']);
  });
});

describe('an upstream that resets without an answer', () => {
  it('in the middle of a piped body is not blamed', async () => {
    const fake = await FakeUpstream.start('A', resetAtHead());
    const attempts = await Attempts.to(fake.url);
    for (let n = 0; n < 10; n++) {
      expect(await attempts.attempt(requestBytes('POST /x', [], LARGE))).toEqual({ kind: 'upload-cut' });
    }
    attempts.expectNothingLeft();
  });

  it('while the last piece of a piped body is on its way to it is not blamed', async () => {
    const fake = await FakeUpstream.start('A');
    const sockets: Socket[] = [];
    fake.use({ at: 'head', run: (socket) => sockets.push(socket) });
    const attempts = await Attempts.to(fake.url);
    for (let n = 1; n <= 10; n++) {
      const bytes = requestBytes('POST /x', [], LARGE);
      const client = await attempts.send(bytes.subarray(0, -1_000));
      const request = await fake.arrived(n);
      await until(() => request.body.length === LARGE.length - 1_000, 'all but the last piece');
      // Both are seen in the same turn: the write fails before the reset is read.
      client.send(bytes.subarray(-1_000));
      sockets.pop()?.resetAndDestroy();
      expect(await attempts.outcome()).toEqual({ kind: 'upload-cut' });
      client.leave();
    }
  });

  it('to a kept body that may be repeated is followed by another one', async () => {
    const first = await FakeUpstream.start('first', resetAtHead());
    const second = await FakeUpstream.start('second');
    const { port } = await startApp({ primaries: [first], fallbacks: [second] });
    const response = await rawRequest(port, requestBytes('POST /x', [], PADDED_CALL));
    expect(JSON.parse(response.text)).toMatchObject({ id: 1, result: 'second' });
    expect([first.connections, second.requests.length]).toEqual([1, 1]);
  });
});

it('an upstream that says 429 early and resets is followed by another one', async () => {
  const first = await FakeUpstream.start('first', answerAndReset({ status: 429 }));
  const second = await FakeUpstream.start('second');
  const { port, logs } = await startApp({ primaries: [first], fallbacks: [second] });
  const response = await rawRequest(port, requestBytes('POST /x', [], KEPT));
  expect(response.text).toBe('second');
  const attempt = await until(() => logs.find(({ msg }) => msg === 'Attempt'), 'the log line');
  expect(attempt).toMatchObject({ result: 'rate-limited' });
});

it('a connection on which a kept body has not gone out whole is not used again', async () => {
  const bytes = requestBytes('POST /x', [], Buffer.alloc(20_000_000));
  const fake = await FakeUpstream.start('A');
  const attempts = await Attempts.to(fake.url, { maxReplayBodyBytes: 20_000_000 });
  fake.next({
    at: 'connect',
    run: (socket) => {
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\ntoo much');
      });
    },
  });
  expect(answerOf(await attempts.attempt(bytes)).status).toBe(413);
  fake.use(answer({ body: 'next' }));
  expect(answerOf(await attempts.attempt()).body.toString()).toBe('next');
  expect(fake.connections).toBe(2);
});

it.each([
  ['with a length', REFUSAL],
  [
    'in chunks',
    { status: 413, headers: [['Transfer-Encoding', 'chunked']], body: '8\r\ntoo much\r\n0\r\n\r\n' },
  ],
] as const)('after an early answer %s the rest of the upload is read at once', async (_, refusal) => {
  const upstream = await FakeUpstream.start('A', earlyAnswer(refusal));
  // Its time stands still: the end of the answer waits for nothing but the client.
  const { port } = await startApp({ primaries: [upstream], clock: new ManualClock() });
  const client = await RawClient.connect(port);
  client.send(requestBytes('POST /x', [`Content-Length: ${LARGE.length}`], LARGE.subarray(0, 1_100_000)));
  expect((await client.head()).status).toBe(413);
  client.send(LARGE.subarray(1_100_000));
  const response = await client.response();
  expect([response.text, response.complete, response.header('connection')]).toEqual([
    'too much',
    true,
    'close',
  ]);
  expect(await client.ended()).toBe('fin');
});
