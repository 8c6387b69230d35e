// Connections that end in the middle: an answer that was cut never looks complete, and a client that
// leaves ends its upstream call without anybody being blamed.
import { describe, expect, it } from 'vitest';
import {
  cutBody,
  cutChunked,
  type Ending,
  Gate,
  headersThenSilence,
  silence,
} from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import { primaryAndFallback } from '../support/line-ups.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { BigBody } from '../support/streams.ts';
import { standstill, until, within } from '../support/waiting.ts';

const call = '{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":[]}';

/** More than is kept back of an answer. */
const LARGE = 'x'.repeat(150_000);

const { primary, fallback, daemon } = await primaryAndFallback();

async function asked(bytes: Buffer, { port } = daemon): Promise<RawClient> {
  const client = await RawClient.connect(port);
  client.send(bytes);
  return client;
}

describe('an answer that breaks off after its first byte went out', () => {
  const ways: [string, Ending][] = [
    ['with a FIN', 'fin'],
    ['with a reset', 'rst'],
  ];

  it.each(ways)('%s in a body with a length', async (_, ending) => {
    primary.use(cutBody(ending, 200_000, 100_000));
    const client = await asked(requestBytes('GET /x'));
    const response = await client.response();
    expect([response.status, response.complete]).toEqual([200, false]);
    expect(await client.ended()).not.toBe('open');
    expect(fallback.requests).toHaveLength(0);
  });

  it.each(ways)('%s between chunks', async (_, ending) => {
    primary.use(cutChunked(ending, LARGE));
    const client = await asked(requestBytes('GET /x'));
    const response = await client.response();
    expect([response.status, response.complete]).toEqual([200, false]);
    expect(await client.ended()).not.toBe('open');
  });

  it.each(ways)('%s in an answer to a JSON-RPC call that is too large to keep', async (_, ending) => {
    primary.use(cutChunked(ending, `{"jsonrpc":"2.0","id":1,"result":"${LARGE}`));
    const client = await asked(requestBytes('POST /', [], call));
    expect((await client.response()).complete).toBe(false);
    expect(await client.ended()).not.toBe('open');
  });

  it('to an HTTP/1.0 client, which has nothing but the end of the connection, is a reset', async () => {
    const gate = new Gate();
    primary.use({
      at: 'body',
      run(socket) {
        socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n249f0\r\n${LARGE}\r\n`);
        void gate.opened.then(() => socket.end());
      },
    });
    const client = await asked(Buffer.from('GET /x HTTP/1.0\r\nHost: a\r\n\r\n'));
    // A reset on the heels of data may look like an end in good order.
    await until(async () => (await client.head()).body.length === LARGE.length, 'all that is sent');
    gate.release();
    expect(await client.ended()).toBe('rst');
  });

  it('falls silent: the connection is cut after STREAM_IDLE_TIMEOUT', async () => {
    primary.use({
      at: 'body',
      run: (socket) => socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(90_000)}`),
    });
    const hasty = await startBalancer({ primaries: [primary], env: { STREAM_IDLE_TIMEOUT: '1s' } });
    const client = await asked(requestBytes('GET /x'), hasty);
    const response = await client.response(1_000);
    expect(response.complete).toBe(false);
  });
});

describe('a client that leaves', () => {
  async function blamed(): Promise<unknown> {
    return (await daemon.stats()).map(({ state, failures }) => [state, failures]);
  }

  it.each([
    ['before the answer', silence(), (client: RawClient) => client.leave()],
    ['with a reset', silence(), (client: RawClient) => client.reset()],
    ['between headers and body', headersThenSilence(), (client: RawClient) => client.leave()],
  ])('%s ends the upstream call within a second, and nobody is blamed', async (_, behaviour, leave) => {
    const before = await blamed();
    primary.use(behaviour);
    const client = await asked(requestBytes('POST /', [], call));
    const request = await primary.arrived();
    leave(client);
    await within(request.closed, 1_000, 'the end of the upstream call');
    expect(await blamed()).toEqual(before);
    expect(fallback.requests).toHaveLength(0);
    await until(
      () => daemon.logs().some((line) => JSON.stringify(line).includes('client-left')),
      'its log line',
    );
  });

  it('in the middle of a large answer ends the upstream call', async () => {
    const before = await blamed();
    const body = new BigBody(500_000_000);
    primary.use(body.behaviour);
    const client = await asked(requestBytes('GET /x'));
    await client.head();
    client.leave();
    const request = await primary.arrived();
    await within(request.closed, 1_000, 'the end of the upstream call');
    expect(body.written).toBeLessThan(500_000_000);
    expect(await blamed()).toEqual(before);
  });

  it('in the middle of a large upload leaves an incomplete request, not a short one', async () => {
    const before = await blamed();
    const client = await asked(requestBytes('POST /x', ['Content-Length: 3000000'], Buffer.alloc(1_500_000)));
    const request = await primary.arrived();
    client.leave();
    await within(request.closed, 1_000, 'the end of the upstream call');
    expect(request.complete).toBe(false);
    expect(await blamed()).toEqual(before);
    expect(fallback.requests).toHaveLength(0);
  });

  it('in the middle of a large chunked upload leaves no last chunk', async () => {
    const client = await asked(requestBytes('POST /x', ['Transfer-Encoding: chunked']));
    client.send(Buffer.concat([Buffer.from('16e360\r\n'), Buffer.alloc(1_500_000)]));
    const request = await primary.arrived();
    client.leave();
    await within(request.closed, 1_000, 'the end of the upstream call');
    expect(request.complete).toBe(false);
  });

  it('in the middle of a small upload never reaches an upstream', async () => {
    const client = await asked(requestBytes('POST /', ['Content-Length: 500'], call));
    client.leave();
    const next = await asked(requestBytes('GET /after'));
    expect((await next.response()).text).toBe('primary');
    expect(primary.requests.map(({ target }) => target)).toEqual(['/after']);
  });
});

it('a slow reader holds the upstream back instead of filling the memory', async () => {
  const body = new BigBody(300_000_000);
  primary.use(body.behaviour);
  const client = await asked(requestBytes('GET /x'));
  await client.head();
  client.socket.pause();
  // Until the buffers on the way are full and nothing moves any more.
  await standstill(() => body.written, 'a standstill');
  expect(body.written).toBeLessThan(60_000_000);
});
