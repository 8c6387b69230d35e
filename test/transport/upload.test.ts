// Bodies that are too large to keep, on their way to the one upstream that gets them.
import { describe, expect, it } from 'vitest';
import { answer, earlyAnswer, resetAfterRequest, silence } from '../support/behaviours.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { chunked, type RawClient, requestBytes } from '../support/raw-client.ts';
import { standstill, until, within } from '../support/waiting.ts';
import { ATTEMPT_TIMEOUT_MS, Attempts, answerOf, CLIENT_BODY_TIMEOUT_MS, PRECISION_MS } from './attempts.ts';

const CHUNKED = ['Transfer-Encoding: chunked'];
/** Every byte differs from its neighbours, so that a lost or doubled part is seen. */
const BODY = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff));

async function asked(maxBodyBytes = 50_000_000) {
  const fake = await FakeUpstream.start('A');
  const attempts = await Attempts.to(fake.url, { maxBodyBytes, maxReplayBodyBytes: 1_000 });
  return { fake, attempts };
}

/** The head of a request and the first part of its body. */
function begin(lines: readonly string[], part: Buffer): Buffer {
  return Buffer.concat([requestBytes('POST /x', lines), part]);
}

function chunk(data: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')]);
}

describe('arrives whole', () => {
  it.each([
    ['with its length', 'POST', [], BODY],
    [
      'in chunks, that which was read before it turned out too large included',
      'POST',
      CHUNKED,
      chunked(BODY, 700),
    ],
    ['in one chunk', 'POST', CHUNKED, chunked(BODY, BODY.length)],
    ['in chunks of one byte', 'PUT', CHUNKED, chunked(BODY.subarray(0, 3_000), 1)],
    ['with its length, of a DELETE', 'DELETE', [], BODY],
    ['in chunks, of a DELETE', 'DELETE', CHUNKED, chunked(BODY, 700)],
    ['in chunks, of OPTIONS', 'OPTIONS', CHUNKED, chunked(BODY, 700)],
    ['in chunks, of a GET', 'GET', CHUNKED, chunked(BODY, 700)],
  ])('%s', async (_, method, lines, body) => {
    const { attempts, fake } = await asked();
    const outcome = await attempts.attempt(requestBytes(`${method} /x`, lines, body));
    expect(answerOf(outcome).status).toBe(200);
    const [request] = fake.requests;
    const sent = body.length < 100_000 ? BODY.subarray(0, 3_000) : BODY;
    expect(request?.body.equals(sent)).toBe(true);
    expect([request?.complete, request?.method, fake.requests.length]).toEqual([true, method, 1]);
    const framing = [request?.headers('content-length'), request?.headers('transfer-encoding')];
    expect(framing).toEqual(lines === CHUNKED ? [[], ['chunked']] : [[`${sent.length}`], []]);
  });

  it('also when the client sends it piece by piece, slower than ATTEMPT_TIMEOUT', async () => {
    const { attempts, fake } = await asked();
    const client = await attempts.send(begin([`Content-Length: ${BODY.length}`], BODY.subarray(0, 1)));
    for (let at = 1; at < BODY.length; at += 100_000) {
      await until(() => fake.requests[0]?.body.length === at, 'the part sent before');
      attempts.clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
      client.send(BODY.subarray(at, at + 100_000));
    }
    expect(answerOf(await attempts.outcome()).status).toBe(200);
    expect(fake.requests[0]?.body.equals(BODY)).toBe(true);
  });

  it('leaves no timer behind', async () => {
    const { attempts } = await asked();
    await attempts.attempt(requestBytes('POST /x', [], BODY));
    attempts.expectNothingLeft();
  });
});

describe('breaks off', () => {
  const ways: [string, string[], (data: Buffer) => Buffer][] = [
    ['with a length', [`Content-Length: ${BODY.length}`], (data) => data],
    ['in chunks', CHUNKED, chunk],
  ];

  async function halfWay(lines: string[], frame: (data: Buffer) => Buffer, maxBodyBytes?: number) {
    const { attempts, fake } = await asked(maxBodyBytes);
    const client = await attempts.send(begin(lines, frame(BODY.subarray(0, 100_000))));
    const request = await fake.arrived();
    await until(() => request.body.length === 100_000, 'the first part');
    return { attempts, client, request };
  }

  async function cutOff({ attempts, request }: Awaited<ReturnType<typeof halfWay>>): Promise<void> {
    await within(request.closed, 5_000, 'the end of the upstream call');
    expect(request.complete).toBe(false);
    attempts.expectNothingLeft();
  }

  const leaving: [string, (client: RawClient) => void][] = [
    ['leaves', (client) => client.leave()],
    ['resets', (client) => client.reset()],
  ];
  it.each(
    ways.flatMap(([framing, lines, frame]) =>
      leaving.map(([how, leave]) => [`${framing}, when the client ${how}`, lines, frame, leave] as const),
    ),
  )('%s: the upstream sees an aborted request', async (_, lines, frame, leave) => {
    const half = await halfWay(lines, frame);
    leave(half.client);
    expect(await half.attempts.outcome()).toEqual({ kind: 'client-left' });
    await cutOff(half);
  });

  it.each(ways)('%s, when the client falls silent', async (_, lines, frame) => {
    const half = await halfWay(lines, frame);
    half.attempts.clock.advance(CLIENT_BODY_TIMEOUT_MS - 1);
    expect(half.attempts.upstream.inFlight).toBe(1);
    half.attempts.clock.advance(1);
    expect(await half.attempts.outcome()).toEqual({ kind: 'upload-failed', code: 'CLIENT_TOO_SLOW' });
    await cutOff(half);
  });

  it('in chunks, when it turns out larger than allowed', async () => {
    const half = await halfWay(CHUNKED, chunk, 150_000);
    half.client.send(chunk(BODY.subarray(0, 50_000)));
    await until(() => half.request.body.length === 150_000, 'all that is allowed');
    half.client.send(chunk(BODY.subarray(0, 1)));
    expect(await half.attempts.outcome()).toEqual({ kind: 'upload-failed', code: 'BODY_TOO_LARGE' });
    await cutOff(half);
  });
});

describe('and its upstream', () => {
  it('that is silent after the last byte is timed out', async () => {
    const { attempts, fake } = await asked();
    fake.use(silence());
    await attempts.send(requestBytes('POST /x', [], BODY));
    await until(() => fake.requests[0]?.complete, 'the whole body');
    // The last byte is written before its arrival, so that the time has begun.
    attempts.clock.advance(ATTEMPT_TIMEOUT_MS + PRECISION_MS);
    expect(await attempts.outcome()).toEqual({ kind: 'timed-out' });
  });

  it('that stops reading holds the client back, and is timed out', async () => {
    const { attempts, fake } = await asked(500_000_000);
    fake.use({ at: 'connect', run: (socket) => socket.pause() });
    const client = await attempts.send(requestBytes('POST /x', ['Content-Length: 400000000']));
    let written = 0;
    const piece = Buffer.alloc(65_536);
    const write = () => client.socket.write(piece, onWritten);
    const onWritten = () => {
      written += piece.length;
      if (written < 400_000_000) write();
    };
    write();
    await standstill(() => written, 'a standstill');
    expect(written).toBeLessThan(60_000_000);
    attempts.clock.advance(ATTEMPT_TIMEOUT_MS + PRECISION_MS);
    expect(await attempts.outcome()).toEqual({ kind: 'timed-out' });
  });

  it('that answers early is heard, and its connection is not used again', async () => {
    const { attempts, fake } = await asked();
    fake.next(earlyAnswer({ status: 413, body: 'too much' }));
    const head = begin([`Content-Length: ${BODY.length}`], BODY.subarray(0, 100_000));
    const client = await attempts.send(head);
    const { status, body } = answerOf(await attempts.outcome());
    expect([status, body.toString()]).toEqual([413, 'too much']);
    await within((await fake.arrived()).closed, 5_000, 'the end of the connection');
    client.leave();
    expect(answerOf(await attempts.attempt()).status).toBe(200);
    expect(fake.connections).toBe(2);
  });

  it('that resets is broken, and not asked again on a fresh connection', async () => {
    const { attempts, fake } = await asked();
    fake.next(answer({ body: 'kept' }), resetAfterRequest());
    await attempts.attempt();
    const outcome = await attempts.attempt(requestBytes('PUT /x', [], BODY));
    expect(outcome).toMatchObject({ kind: 'broken', reason: 'reset' });
    expect(fake.requests).toHaveLength(2);
  });

  it('that can not be reached has taken nothing', async () => {
    const attempts = await Attempts.to(`http://127.0.0.1:${await releasedPort()}`, {
      maxReplayBodyBytes: 1_000,
    });
    const outcome = await attempts.attempt(requestBytes('POST /x', CHUNKED, chunked(BODY, 700)));
    expect(outcome).toEqual({ kind: 'unreachable', reason: 'refused' });
    expect(attempts.exchanges[0]?.body).toMatchObject({ kind: 'piped', taken: false });
  });
});
