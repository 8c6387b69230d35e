// Kept connections: reuse, the race of two idle timers, doubt about framing; and who leaves in the middle.
import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  headersThenSilence,
  raw,
  resetAfterRequest,
  silence,
  thenClose,
} from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { requestBytes } from '../support/raw-client.ts';
import { BigBody } from '../support/streams.ts';
import { standstill, until, within } from '../support/waiting.ts';
import { Attempts, answerOf, Reader, streamOf } from './attempts.ts';

const call = (method: string) =>
  requestBytes('POST /', [], `{"jsonrpc":"2.0","id":1,"method":"${method}","params":[]}`);

async function asked(behaviour?: Behaviour) {
  const fake = await FakeUpstream.start('A', behaviour);
  return { fake, attempts: await Attempts.to(fake.url) };
}

describe('reuse', () => {
  it('100 requests in a row take one connection', async () => {
    const { attempts, fake } = await asked();
    for (let count = 0; count < 100; count++) {
      expect(answerOf(await attempts.attempt(call('eth_chainId'))).status).toBe(200);
    }
    expect([attempts.upstream.connectionsOpened, fake.connections, fake.requests.length]).toEqual([
      1, 1, 100,
    ]);
  });

  it('10 requests at once take 10 connections, and the next 10 take the same', async () => {
    const { attempts, fake } = await asked();
    for (let round = 0; round < 2; round++) {
      await Promise.all(Array.from({ length: 10 }, () => attempts.attempt()));
    }
    expect(fake.connections).toBeLessThanOrEqual(10);
  });

  it.each([
    ['an answer that announced its end', answer({ body: 'one', headers: [['Connection', 'close']] })],
    ['an answer of HTTP/1.0', thenClose(raw('HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\none'))],
    [
      'bytes after a complete answer',
      raw('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'),
    ],
    ['garbage after a complete answer', raw('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none\x00\x01\x02')],
  ])('is not made after %s', async (_, behaviour) => {
    const { attempts, fake } = await asked();
    fake.next(behaviour);
    expect(answerOf(await attempts.attempt()).body.toString()).toBe('one');
    const outcome = answerOf(await attempts.attempt());
    expect([outcome.body.toString(), fake.connections]).toEqual(['A', 2]);
  });

  it('is not made after a failure', async () => {
    const { attempts, fake } = await asked();
    fake.next(raw('HTTP/1.1 099 No\r\nContent-Length: 0\r\n\r\n'));
    expect((await attempts.attempt()).kind).toBe('broken');
    await attempts.attempt();
    expect(fake.connections).toBe(2);
  });

  it('bytes that nobody asked for, sent while the connection was idle, are no answer', async () => {
    const { attempts, fake } = await asked();
    fake.next({
      at: 'body',
      run: (socket) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none');
        setTimeout(() => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'), 50);
      },
    });
    await attempts.attempt();
    await within((await fake.arrived()).closed, 5_000, 'the end of the connection');
    expect(answerOf(await attempts.attempt()).body.toString()).toBe('A');
  });
});

describe('a kept connection that closes as we write', () => {
  const ways: [string, Behaviour][] = [
    ['with a reset', resetAfterRequest()],
    ['with a FIN', thenClose(silence())],
  ];

  async function stale(behaviour: Behaviour, bytes: Buffer) {
    const { attempts, fake } = await asked();
    await attempts.attempt();
    fake.next(behaviour);
    const outcome = await attempts.attempt(bytes);
    const { inFlight } = attempts.upstream;
    return { outcome, asked: fake.requests.length - 1, connections: fake.connections, inFlight };
  }

  it.each(ways)('%s is replaced by a fresh one, once', async (_, behaviour) => {
    for (const bytes of [requestBytes('GET /x'), call('eth_chainId'), requestBytes('PUT /x', [], 'body')]) {
      const { outcome, ...rest } = await stale(behaviour, bytes);
      expect(answerOf(outcome).status).toBe(200);
      expect(rest).toEqual({ asked: 2, connections: 2, inFlight: 0 });
    }
  });

  it.each(ways)('%s fails a request that may not be repeated', async (_, behaviour) => {
    for (const bytes of [requestBytes('POST /x', [], 'body'), call('eth_sendTransaction')]) {
      const { outcome, ...rest } = await stale(behaviour, bytes);
      expect(outcome).toEqual({ kind: 'broken', reason: 'reset', stale: true });
      expect(rest).toEqual({ asked: 1, connections: 1, inFlight: 0 });
    }
  });

  it('is not replaced a second time', async () => {
    const { attempts, fake } = await asked();
    await attempts.attempt();
    fake.use(resetAfterRequest());
    expect(await attempts.attempt()).toEqual({ kind: 'broken', reason: 'reset', stale: false });
    expect(fake.requests).toHaveLength(3);
  });

  it('is not replaced when a part of an answer came', async () => {
    const { attempts, fake } = await asked();
    await attempts.attempt();
    fake.use(thenClose(raw('HTTP/1.1 2')));
    expect(await attempts.attempt()).toEqual({ kind: 'broken', reason: 'bad-http', stale: false });
    expect(fake.requests).toHaveLength(2);
  });

  it('while it was idle costs nothing, whatever is asked', async () => {
    const { attempts, fake } = await asked();
    await attempts.attempt();
    fake.dropConnections();
    await within((await fake.arrived()).closed, 5_000, 'the end of the connection');
    expect(answerOf(await attempts.attempt(requestBytes('POST /x', [], 'body'))).status).toBe(200);
    expect([fake.requests.length, fake.connections]).toEqual([2, 2]);
  });
});

describe('a client that leaves', () => {
  it.each([
    ['before the headers', silence()],
    ['before the end of a body that is read whole', headersThenSilence()],
  ])('%s cancels the attempt, with no timer involved', async (_, behaviour) => {
    const { attempts, fake } = await asked(behaviour);
    const client = await attempts.send();
    const request = await fake.arrived();
    client.leave();
    expect(await attempts.outcome()).toEqual({ kind: 'client-left' });
    await within(request.closed, 1_000, 'the end of the upstream call');
    attempts.expectNothingLeft();
  });

  it('in the middle of a body that streams cancels the attempt', async () => {
    const body = new BigBody(500_000_000);
    const { attempts, fake } = await asked(body.behaviour);
    const client = await attempts.send();
    const reader = Reader.of(await attempts.outcome());
    client.reset();
    expect(await reader.over()).toBe('cut');
    expect(attempts.exchanges[0]?.left).toBe(true);
    await within((await fake.arrived()).closed, 1_000, 'the end of the upstream call');
    expect(body.written).toBeLessThan(500_000_000);
  });

  it('while the answer waits for a reader cancels the attempt', async () => {
    const { attempts, fake } = await asked(new BigBody(500_000_000).behaviour);
    const client = await attempts.send();
    const outcome = await attempts.outcome();
    client.leave();
    await within((await fake.arrived()).closed, 1_000, 'the end of the upstream call');
    expect(await Reader.of(outcome).over()).toBe('cut');
  });

  it('before the attempt began sends nothing', async () => {
    const { attempts, fake } = await asked();
    attempts.before = async (exchange) => {
      client.leave();
      await until(() => exchange.left, 'the end of the client');
    };
    const client = await attempts.send();
    expect(await attempts.outcome()).toEqual({ kind: 'client-left' });
    expect([fake.connections, attempts.upstream.inFlight]).toEqual([0, 0]);
  });
});

describe('a connection that is given up', () => {
  /** How the upstream's side of the connection ended. */
  async function endSeen(attempts: Attempts, fake: FakeUpstream): Promise<string> {
    let seen = 'nothing';
    fake.use({
      at: 'body',
      run: (socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => {
          seen = error.code ?? '';
        });
        socket.on('end', () => {
          seen = 'FIN';
        });
      },
    });
    const client = await attempts.send();
    const request = await fake.arrived();
    client.leave();
    await within(request.closed, 5_000, 'the end of the connection');
    return seen;
  }

  it('is reset, so that its port is free at once', async () => {
    const { attempts, fake } = await asked();
    expect(await endSeen(attempts, fake)).toBe('ECONNRESET');
  });

  it('because it was idle for too long is reset, too', async () => {
    const { attempts, fake } = await asked();
    let code: string | undefined;
    fake.next({
      at: 'body',
      run: (socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => {
          code = error.code;
        });
        // undici keeps it for a second less.
        socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 0\r\n\r\n');
      },
    });
    await attempts.attempt();
    await within((await fake.arrived()).closed, 5_000, 'the end of the connection');
    expect(code).toBe('ECONNRESET');
  });
});

describe('a body that streams', () => {
  it('stands still until it flows, and comes whole', async () => {
    const body = new BigBody(20_000_000, 'chunked');
    const { attempts } = await asked(body.behaviour);
    await attempts.send();
    const outcome = await attempts.outcome();
    expect(answerOf(outcome).body.length).toBe(0);
    const reader = Reader.of(outcome);
    expect(await reader.over()).toBe('end');
    expect(reader.size).toBe(20_000_000);
    expect(attempts.upstream.inFlight).toBe(0);
  });

  it('holds the upstream back while its reader pauses, and is not timed meanwhile', async () => {
    const body = new BigBody(100_000_000);
    const { attempts } = await asked(body.behaviour);
    await attempts.send();
    const outcome = await attempts.outcome();
    const reader = Reader.of(outcome, { isSlow: true });
    // Until the buffers on the way are full and nothing moves any more.
    await standstill(() => body.written, 'a standstill');
    expect(reader.size).toBeLessThan(1_000_000);
    expect(body.written).toBeLessThan(60_000_000);
    attempts.clock.advance(3_600_000);
    reader.isSlow = false;
    streamOf(outcome).resume();
    expect(await reader.over()).toBe('end');
    expect(answerOf(outcome).body.length + reader.size).toBe(100_000_000);
  });

  it('that is cancelled takes its connection along', async () => {
    const { attempts, fake } = await asked(new BigBody(500_000_000).behaviour);
    await attempts.send();
    streamOf(await attempts.outcome()).cancel();
    await within((await fake.arrived()).closed, 5_000, 'the end of the upstream call');
    expect(attempts.upstream.inFlight).toBe(0);
  });
});

it('the end of the pool closes idle connections at once, the others after their answer', async () => {
  const { attempts, fake } = await asked();
  await attempts.attempt();
  attempts.pool.close();
  await within((await fake.arrived()).closed, 5_000, 'the end of the idle connection');
  await attempts.attempt();
  await within((await fake.arrived(2)).closed, 5_000, 'the end of the other connection');
});
