// How one attempt ends, over real sockets. Time stands still unless a test moves it.
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  garbage,
  headersThenSilence,
  raw,
  resetAfterRequest,
  resetOnConnect,
  silence,
  thenClose,
} from '../support/behaviours.ts';
import { FakeUpstream, NO_SUCH_HOST, releasedPort } from '../support/fake-upstream.ts';
import { releaseAfterwards } from '../support/leftovers.ts';
import { within } from '../support/waiting.ts';
import {
  ATTEMPT_TIMEOUT_MS,
  Attempts,
  answerOf,
  type Limits,
  PRECISION_MS,
  Reader,
  STREAM_IDLE_TIMEOUT_MS,
} from './attempts.ts';

async function asked(behaviour: Behaviour, limits: Partial<Limits> = {}) {
  const fake = await FakeUpstream.start('A', behaviour);
  return { fake, attempts: await Attempts.to(fake.url, limits) };
}

/** How a single attempt ends. */
async function outcomeOf(behaviour: Behaviour, bytes?: Buffer) {
  const { attempts } = await asked(behaviour);
  const outcome = await attempts.attempt(bytes);
  expect(attempts.upstream.inFlight).toBe(outcome.kind === 'answered' && outcome.stream ? 1 : 0);
  return outcome;
}

async function listening(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  releaseAfterwards(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

describe('unreachable', () => {
  it('refused, when nothing listens', async () => {
    const attempts = await Attempts.to(`http://127.0.0.1:${await releasedPort()}`);
    expect(await attempts.attempt()).toEqual({ kind: 'unreachable', reason: 'refused' });
    expect(attempts.upstream.inFlight).toBe(0);
  });

  it('dns, when the name is unknown', async () => {
    const attempts = await Attempts.to(`http://${NO_SUCH_HOST}`);
    expect(await attempts.attempt()).toEqual({ kind: 'unreachable', reason: 'dns' });
  });

  it('tls, when the port speaks plain HTTP', async () => {
    const attempts = await Attempts.to(`https://127.0.0.1:${await listening(createHttpServer())}`);
    expect(await attempts.attempt()).toEqual({ kind: 'unreachable', reason: 'tls' });
  });

  it.each([
    ['resets', (socket: Socket) => socket.resetAndDestroy()],
    ['ends', (socket: Socket) => socket.end()],
  ])('tls, when the port %s in the handshake', async (_, end) => {
    const port = await listening(
      createServer((socket) => socket.on('error', () => {}).once('data', () => end(socket))),
    );
    const attempts = await Attempts.to(`https://127.0.0.1:${port}`);
    expect(await attempts.attempt()).toEqual({ kind: 'unreachable', reason: 'tls' });
  });

  it('connect-timeout, when the handshake is not answered', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {}).resume()));
    const attempts = await Attempts.to(`https://127.0.0.1:${port}`, { connectTimeoutMs: 50 });
    expect(await attempts.attempt()).toEqual({ kind: 'unreachable', reason: 'connect-timeout' });
    expect(attempts.upstream.inFlight).toBe(0);
  });
});

describe('broken before the headers', () => {
  const badHttp = { kind: 'broken', reason: 'bad-http', stale: false };
  const lines = (count: number) => Array.from({ length: count }, (_, index) => [`X-${index}`, '1'] as const);

  it.each([
    ['a reset after the request', resetAfterRequest()],
    ['an end after the request', thenClose(silence())],
  ])('%s', async (_, behaviour) => {
    expect(await outcomeOf(behaviour)).toEqual({ kind: 'broken', reason: 'reset', stale: false });
  });

  it('a reset on connect, noticed before or after the request was written', async () => {
    const outcome = await outcomeOf(resetOnConnect());
    expect([
      { kind: 'unreachable', reason: 'refused' },
      { kind: 'broken', reason: 'reset', stale: false },
    ]).toContainEqual(outcome);
  });

  it.each([
    ['garbage', garbage()],
    ['an end in the status line', thenClose(raw('HTTP/1.1 20'))],
    ['an end in the headers', thenClose(raw('HTTP/1.1 200 OK\r\nContent-Le'))],
    ['a header of 70 kB', answer({ headers: [['X', 'x'.repeat(70_000)]] })],
    ['201 header lines', answer({ headers: lines(200) })],
    ['status 000', raw('HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n')],
    ['status 099', raw('HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n')],
    ['status 20', raw('HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n')],
    ['status 2000', raw('HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n')],
    ['an unasked 101', raw('HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n')],
    ['an unasked 101 without Upgrade', raw('HTTP/1.1 101 Switching\r\n\r\n')],
    ['a control character in a value', answer({ headers: [['X', 'a\x01b']] })],
    ['a NUL in a value', answer({ headers: [['X', 'a\0b']] })],
    ['a lone CR in a value', answer({ headers: [['X', 'a\rb']] })],
    ['DEL in a value', answer({ headers: [['X', 'a\x7fb']] })],
    ['a blank in a name', answer({ headers: [['X Y', 'a']] })],
    ['two lengths', raw('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab')],
    ['a length that is none', raw('HTTP/1.1 200 OK\r\nContent-Length: 2x\r\n\r\nab')],
    [
      'a length beside chunks',
      raw('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'),
    ],
  ])('%s', async (_, behaviour) => {
    expect(await outcomeOf(behaviour)).toEqual(badHttp);
  });

  it('200 header lines and 60 kB are taken', async () => {
    const outcome = await outcomeOf(
      answer({ headers: [...lines(198), ['X', 'x'.repeat(55_000)]], body: 'ok' }),
    );
    expect(answerOf(outcome).body.toString()).toBe('ok');
  });

  it.each(['a\x01b', 'a\x7fb'])(
    'a reason phrase of %j is left out, or the answer is none',
    async (reason) => {
      const outcome = await outcomeOf(raw(`HTTP/1.1 200 ${reason}\r\nContent-Length: 2\r\n\r\nok`));
      if (outcome.kind === 'answered') expect(outcome.reasonPhrase).toBe('');
      else expect(outcome).toEqual(badHttp);
    },
  );
});

describe('time', () => {
  it.each([
    ['a hang before the headers', silence()],
    ['headers, then silence', headersThenSilence()],
  ])('%s ends after ATTEMPT_TIMEOUT', async (_, behaviour) => {
    const { attempts, fake } = await asked(behaviour);
    await attempts.send();
    const request = await fake.arrived();
    attempts.clock.advance(ATTEMPT_TIMEOUT_MS - 1);
    expect(attempts.upstream.inFlight).toBe(1);
    // Headers that come now start the time anew.
    attempts.clock.advance(ATTEMPT_TIMEOUT_MS + PRECISION_MS);
    expect(await attempts.outcome()).toEqual({ kind: 'timed-out' });
    await within(request.closed, 5_000, 'the end of the upstream call');
    attempts.expectNothingLeft();
  });

  it('the request’s own end comes first when it is nearer', async () => {
    const { attempts, fake } = await asked(silence(), { requestTimeoutMs: 5_000 });
    await attempts.send();
    await fake.arrived();
    attempts.clock.advance(4_999);
    expect(attempts.upstream.inFlight).toBe(1);
    attempts.clock.advance(1 + PRECISION_MS);
    expect(await attempts.outcome()).toEqual({ kind: 'out-of-time' });
  });

  it('the request’s own end does not end a body that streams', async () => {
    const { attempts } = await asked(raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n'), {
      requestTimeoutMs: 1_000,
    });
    await attempts.send();
    const reader = Reader.of(await attempts.outcome());
    attempts.clock.advance(5_000);
    expect(attempts.upstream.inFlight).toBe(1);
    attempts.clock.advance(STREAM_IDLE_TIMEOUT_MS + PRECISION_MS);
    expect(await reader.over()).toBe('timeout');
  });
});
