// Requests that a client sends without waiting for the answers to earlier ones.
import { connect as connectTls } from 'node:tls';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { newConnection, onceOverdue } from '../../src/server/connection.ts';
import { Listener } from '../../src/server/listener.ts';
import type { Pipeline } from '../../src/server/pipeline.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Behaviour, Gate, held, responseBytes, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { RawClient } from '../support/raw-client.ts';
import { askForWebSocket, switchProtocol } from '../support/tunnel-client.ts';
import { standstill, until, within } from '../support/waiting.ts';
import { startSecureApp } from './secure.ts';

/** Answers with the target that was asked for. */
const echo: Behaviour = {
  at: 'body',
  run: (socket, request) => socket.write(responseBytes({ body: request.target })),
};
const get = (target: string) => `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
/** More than are worked on at once. */
const MANY = 40;
const many = Array.from({ length: MANY }, (_, index) => `/${index}`);
const SHORT_END = ['--shutdown-timeout=100ms'];
/** More than the system takes by itself. */
const FLOOD = Buffer.from(get('/flood').repeat(400_000));

let upstream: FakeUpstream;
let app: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  app = await startApp({ primaries: [upstream] });
});

beforeEach(() => upstream.reset());

/** A client that has sent many requests, and one more thing in the same breath; the upstream answers on release. */
async function ahead(last: string | Buffer = '') {
  const gate = new Gate();
  upstream.use(held(gate, echo));
  const client = await RawClient.connect(app.port);
  client.send(Buffer.concat([Buffer.from(many.map(get).join('')), Buffer.from(last)]));
  await upstream.arrived(16);
  return { client, release: gate.release };
}

async function answersTo(client: RawClient): Promise<string[]> {
  const texts: string[] = [];
  for (const _ of many) texts.push((await client.response()).text);
  return texts;
}

describe('requests that are sent ahead', () => {
  it('are answered in order, those included that come while others wait', async () => {
    const { client, release } = await ahead();
    client.send(get('/later'));
    release();
    expect(await answersTo(client)).toEqual(many);
    expect((await client.response()).text).toBe('/later');
  });

  it('are not read beyond what one read brings, while so many wait', async () => {
    const alone = await startApp({ primaries: [upstream], flags: SHORT_END });
    upstream.use(silence());
    const client = await RawClient.connect(alone.port);
    client.socket.write(FLOOD);
    await upstream.arrived(16);
    expect(await standstill(() => client.socket.writableLength, 'a standstill')).toBeGreaterThan(0);
    expect(upstream.requests).toHaveLength(16);
  });

  it('are not read by TLS either', async () => {
    const secure = await startSecureApp({ primaries: [upstream], flags: SHORT_END });
    upstream.use(silence());
    const socket = connectTls({ port: secure.port, host: 'localhost', rejectUnauthorized: false });
    releaseAfterwards(() => socket.destroy());
    socket.on('error', () => {}).write(FLOOD);
    await upstream.arrived(16);
    expect(await standstill(() => socket.writableLength, 'a standstill')).toBeGreaterThan(0);
    expect(upstream.requests).toHaveLength(16);
  });

  it('let a change of protocol wait for its turn, and what is sent then pass', async () => {
    const { client, release } = await ahead(askForWebSocket('/ws'));
    const talks = switchProtocol({
      talk: (socket) => void socket.once('data', (bytes) => socket.write(`heard ${bytes}`)),
    });
    upstream.use({
      at: 'body',
      run: (socket, request) => {
        const behaviour = request.target === '/ws' ? talks : echo;
        if (behaviour.at === 'body') behaviour.run(socket, request);
      },
    });
    release();
    expect(await answersTo(client)).toEqual(many);
    await upstream.arrived(MANY + 1);
    client.socket.write('this');
    await until(() => client.unread.toString() === 'heard this', 'an answer in the other protocol');
  });

  it('get their answers before the refusal of what is no request', async () => {
    const { client, release } = await ahead('NONSENSE\r\n\r\n');
    release();
    expect(await answersTo(client)).toEqual(many);
    expect((await client.response()).status).toBe(400);
    expect(await client.ended()).not.toBe('open');
  });

  it.each([
    [
      '100 Continue',
      'POST /2 HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc',
      '',
    ],
    ['103 Early Hints', get('/2'), 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n'],
  ])('get no %s within an answer', async (_, second, interim) => {
    const gate = new Gate();
    upstream.use({
      at: 'body',
      run(socket, request) {
        if (request.target === '/1')
          void gate.opened.then(() => socket.write(responseBytes({ body: 'one' })));
        else
          socket.write(`${interim}HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n`);
      },
    });
    const client = await RawClient.connect(app.port);
    client.send(`${get('/1')}${second}`);
    await upstream.arrived(2);
    await standstill(() => upstream.requests.length, 'requests');
    gate.release();
    const answers = [await client.response(), await client.response()];
    expect(answers.map(({ status, text }) => [status, text])).toEqual([
      [200, 'one'],
      [200, 'ok'],
    ]);
    client.leave();
  });

  it('are given up when the client leaves, those included whose turn has not come', async () => {
    upstream.use(silence());
    const client = await RawClient.connect(app.port);
    client.send(many.slice(0, 16).map(get).join(''));
    await upstream.arrived(16);
    client.reset();
    for (const request of upstream.requests) await within(request.closed, 5_000, 'the end upstream');
    expect(app.logs.some(({ msg }) => msg === 'Quarantined')).toBe(false);
  });
});

describe('a head that is overdue', () => {
  const connection = (isPaused: boolean) => {
    const pipeline = { isPaused, onResume: undefined as (() => void) | undefined };
    // No more of a pipeline is used.
    return { ...newConnection(), pipeline: pipeline as Pipeline };
  };

  it('is refused', () => {
    let acts = 0;
    onceOverdue(connection(false), new ManualClock(), 1_000, () => acts++);
    expect(acts).toBe(1);
  });

  it('has its time from when the connection is read again', () => {
    const clock = new ManualClock();
    let acts = 0;
    const unread = connection(true);
    onceOverdue(unread, clock, 1_000, () => acts++);
    clock.advance(10_000);
    unread.pipeline.onResume?.();
    clock.advance(999);
    expect(acts).toBe(0);
    clock.advance(1);
    expect(acts).toBe(1);
  });

  it('is forgiven when it has come by then', () => {
    const clock = new ManualClock();
    const unread = connection(true);
    let acts = 0;
    onceOverdue(unread, clock, 1_000, () => acts++);
    unread.pipeline.onResume?.();
    unread.requests += 1;
    clock.advance(1_000);
    expect(acts).toBe(0);
  });
});

it('are served one by one by a listener that wants it so', async () => {
  const served: (() => void)[] = [];
  const limits = {
    clientHeaderTimeoutMs: 5_000,
    clientBodyTimeoutMs: 5_000,
    clientKeepAliveMs: 5_000,
    maxHeaderSizeBytes: 8_192,
    maxUrlBytes: 8_192,
    maxConnections: 10,
    maxPipelined: 1,
  };
  const listener = new Listener(limits, systemClock, ({ url }, response) => {
    served.push(
      () => response.writeHead(200, { 'Content-Length': 2 }) && response.end(Buffer.from(`${url}`)),
    );
  });
  releaseAfterwards(() => listener.drain(0));
  const { port } = await listener.listen(0, '127.0.0.1');
  const client = await RawClient.connect(port);
  client.send(get('/1') + get('/2') + get('/3'));
  for (const number of [1, 2, 3]) {
    await until(() => served.length > 0, 'a request');
    expect(served).toHaveLength(1);
    served.pop()?.();
    expect((await client.response()).text).toBe(`/${number}`);
  }
});
