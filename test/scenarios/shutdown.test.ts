// How the process ends: requests in flight finish, nothing new is taken, and the exit status tells.
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { beforeEach, describe, expect, it } from 'vitest';
import { answer, Gate, held, silence } from '../support/behaviours.ts';
import { type StatsRow, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http } from '../support/http-client.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { answerEach } from '../support/rpc-script.ts';
import { until, within } from '../support/waiting.ts';

let upstream: FakeUpstream;

beforeEach(async () => {
  upstream = await FakeUpstream.start();
});

const start = (env: Record<string, string> = {}) => startBalancer({ primaries: [upstream], env });

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  it('lets the requests in flight finish and ends with status 0', async () => {
    const daemon = await start();
    const gate = new Gate();
    upstream.use(held(gate, answer({ body: 'finished' })));
    const client = await RawClient.connect(daemon.port);
    client.send(requestBytes('GET /slow'));
    await upstream.arrived();
    const idle = await RawClient.connect(daemon.port);
    idle.send(requestBytes('GET /healthz'));
    expect((await idle.response()).status).toBe(200);
    daemon.signal(signal);
    expect(await idle.ended()).toBe('fin');
    await expect(http(`${daemon.url}/new`)).rejects.toThrow('ECONNREFUSED');
    gate.release();
    const response = await client.response();
    expect([response.status, response.text, response.complete]).toEqual([200, 'finished', true]);
    expect(response.header('connection')).toBe('close');
    expect(await within(daemon.exited, 3_000, 'the end')).toEqual({ code: 0, signal: null });
  });

  it('cuts what is not finished after SHUTDOWN_TIMEOUT and ends with status 1', async () => {
    const daemon = await start({ SHUTDOWN_TIMEOUT: '300ms' });
    upstream.use(silence());
    const client = await RawClient.connect(daemon.port);
    client.send(requestBytes('GET /slow'));
    await upstream.arrived();
    const began = performance.now();
    daemon.signal(signal);
    expect(await within(daemon.exited, 3_000, 'the end')).toEqual({ code: 1, signal: null });
    expect(performance.now() - began).toBeGreaterThan(250);
    expect(await client.ended()).not.toBe('open');
  });

  it('answers those that still wait for room then', async () => {
    const daemon = await startBalancer({
      primaries: [`${upstream.url} rps=1`],
      env: { SHUTDOWN_TIMEOUT: '300ms', MAX_QUEUE_WAIT: '20s' },
    });
    const call = (id: number) => `{"jsonrpc":"2.0","id":${id},"method":"eth_call"}`;
    upstream.use(answerEach(() => '"result":1'));
    const clients: RawClient[] = [];
    for (const body of ['x', call(1), `[${call(2)},${call(3)}]`]) {
      const client = await RawClient.connect(daemon.port);
      client.send(requestBytes('POST /', [`Content-Length: ${body.length}`], Buffer.from(body)));
      if (body === 'x') await client.response();
      else clients.push(client);
    }
    await until(async () => {
      // What a test looks at it compares, whatever it holds.
      const [row] = (await http(`${daemon.url}/stats`)).json() as StatsRow[];
      return row?.budget?.waiting === 2;
    }, 'both wait');
    daemon.signal(signal);
    for (const [index, count] of [1, 2].entries()) {
      const response = await clients[index]?.response();
      expect([response?.status, response?.complete, response?.header('connection')]).toEqual([
        503,
        true,
        'close',
      ]);
      expect(response?.text.match(/SHUTTING_DOWN/g)?.length).toBe(count);
    }
    expect(upstream.requests.length).toBe(1);
    expect(await within(daemon.exited, 3_000, 'the end')).toEqual({ code: 0, signal: null });
  });

  it('a second time ends the process at once', async () => {
    const daemon = await start();
    upstream.use(silence());
    const client = await RawClient.connect(daemon.port);
    client.send(requestBytes('GET /slow'));
    await upstream.arrived();
    daemon.signal(signal);
    await daemon.closed();
    expect(daemon.hasExited).toBe(false);
    daemon.signal(signal);
    const { code } = await within(daemon.exited, 1_000, 'the end');
    expect(code).not.toBe(0);
  });

  it('without a request in flight ends at once, also with idle connections', async () => {
    const daemon = await start();
    const agent = new Agent({ keepAlive: true });
    await http(`${daemon.url}/x`, { agent });
    daemon.signal(signal);
    expect(await within(daemon.exited, 1_500, 'the end')).toEqual({ code: 0, signal: null });
    agent.destroy();
  });
});

it('clients that come again as their idle connections are closed are refused, not cut off', async () => {
  const daemon = await start();
  const idle = await Promise.all(
    Array.from({ length: 300 }, async () => {
      const client = await RawClient.connect(daemon.port);
      client.send(requestBytes('GET /healthz'));
      await client.response();
      return client.socket;
    }),
  );
  const again = (resolve: (how: string) => void) =>
    connect(daemon.port, '127.0.0.1', () => resolve('taken')).on('error', ({ message }) => resolve(message));
  const tried = idle.map(
    (socket) => new Promise<string>((resolve) => socket.once('end', () => again(resolve))),
  );
  daemon.signal('SIGTERM');
  const ways = await within(Promise.all(tried), 5_000, 'the end of all connections');
  expect([...new Set(ways)]).toEqual([expect.stringContaining('ECONNREFUSED')]);
});

it('SHUTDOWN_DELAY goes on serving while /readyz says that it is over', async () => {
  const daemon = await start({ SHUTDOWN_DELAY: '4s' });
  daemon.signal('SIGTERM');
  await until(async () => (await http(`${daemon.url}/readyz`)).status === 503, '/readyz at 503');
  expect((await http(`${daemon.url}/x`)).text).toBe('A');
  expect((await http(`${daemon.url}/healthz`)).status).toBe(200);
  expect(await within(daemon.exited, 3_000, 'the end')).toEqual({ code: 0, signal: null });
});

it('an upload in flight finishes too', async () => {
  const daemon = await start();
  const client = await RawClient.connect(daemon.port);
  client.send(requestBytes('POST /x', ['Content-Length: 3000000'], Buffer.alloc(2_000_000)));
  await upstream.arrived();
  daemon.signal('SIGTERM');
  await daemon.closed();
  client.send(Buffer.alloc(1_000_000));
  const response = await client.response();
  expect([response.status, response.complete]).toEqual([200, true]);
  expect(upstream.requests[0]?.body.length).toBe(3_000_000);
  expect((await within(daemon.exited, 3_000, 'the end')).code).toBe(0);
});

it('a request that has only begun to arrive when the drain begins does not hold the end up', async () => {
  const daemon = await start({ SHUTDOWN_TIMEOUT: '1h' });
  const client = await RawClient.connect(daemon.port);
  client.send('GET /x HTTP/1.1\r\nHost: a\r\n');
  daemon.signal('SIGTERM');
  expect((await within(daemon.exited, 4_000, 'the end')).code).toBe(0);
});
