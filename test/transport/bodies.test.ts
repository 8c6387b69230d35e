import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  cutBody,
  cutChunked,
  endApart,
  raw,
  thenClose,
} from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { requestBytes } from '../support/raw-client.ts';
import { within } from '../support/waiting.ts';
import {
  Attempts,
  answerOf,
  type Limits,
  PRECISION_MS,
  Reader,
  STREAM_IDLE_TIMEOUT_MS,
  TUNNEL_IDLE_TIMEOUT_MS,
} from './attempts.ts';

const read = requestBytes('POST /', [], '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}');

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

describe('broken in a body that is read whole', () => {
  const cut = { kind: 'broken', reason: 'cut', stale: false };
  const closing = 'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';
  const thenReset = (bytes: string): Behaviour => ({
    at: 'body',
    run: (socket) => socket.write(bytes, () => endApart(socket, 'rst')),
  });

  it.each([
    ['fewer bytes than the length, then FIN', cutBody('fin')],
    ['fewer bytes than the length, then a reset', cutBody('rst')],
    [
      'fewer bytes than the length, then the announced FIN',
      thenClose(raw('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nabc')),
    ],
    [
      'fewer bytes than the length, then a reset after an announced end',
      thenReset('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 50\r\n\r\nabc'),
    ],
    ['no last chunk, then FIN', cutChunked('fin')],
    ['no last chunk, then a reset', cutChunked('rst')],
    ['no last chunk, then the announced FIN', thenClose(raw(closing))],
    ['no last chunk, then a reset after an announced end', thenReset(closing)],
    ['an end in the last chunk', thenClose(raw(`${closing}0\r\n`))],
    ['a reset where the end of the connection is the end', thenReset('HTTP/1.1 200 OK\r\n\r\nabc')],
    ['a reset of an HTTP/1.0 answer', thenReset('HTTP/1.0 200 OK\r\n\r\nabc')],
  ])('%s', async (_, behaviour) => {
    expect(await outcomeOf(behaviour, read)).toEqual(cut);
  });

  it('a chunk size that is none', async () => {
    const chunks = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n';
    expect(await outcomeOf(raw(chunks), read)).toEqual(cut);
  });
});

describe('broken in a body that streams', () => {
  const large = 'x'.repeat(100_000);

  it.each([
    ['FIN before the length', cutBody('fin', 200_000, 100_000), 'cut'],
    ['a reset before the length', cutBody('rst', 200_000, 100_000), 'cut'],
    ['FIN without a last chunk', cutChunked('fin', large), 'cut'],
    ['a reset without a last chunk', cutChunked('rst', large), 'cut'],
  ])('%s', async (_, behaviour, reason) => {
    const { attempts } = await asked(behaviour);
    await attempts.send();
    const reader = Reader.of(await attempts.outcome());
    expect(await reader.over()).toBe(reason);
    expect(attempts.upstream.inFlight).toBe(0);
  });

  it.each([
    ['', STREAM_IDLE_TIMEOUT_MS],
    ['Content-Type: text/event-stream;charset=utf-8\r\n', TUNNEL_IDLE_TIMEOUT_MS],
  ])(
    'silence between two chunks, after the last of which the time begins anew (%j)',
    async (line, limitMs) => {
      const { attempts, fake } = await asked(
        raw(`HTTP/1.1 200 OK\r\n${line}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n`),
      );
      await attempts.send();
      const reader = Reader.of(await attempts.outcome());
      attempts.clock.advance(limitMs - 1);
      expect(attempts.upstream.inFlight).toBe(1);
      attempts.clock.advance(1 + PRECISION_MS);
      expect(await reader.over()).toBe('timeout');
      await within((await fake.arrived()).closed, 5_000, 'the end of the upstream call');
    },
  );
});

describe('complete', () => {
  it.each([
    ['a length', answer({ body: 'abc' })],
    ['a length and an announced end', thenClose(answer({ body: 'abc', headers: [['Connection', 'close']] }))],
    ['chunks', raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n')],
    [
      'chunks and an announced end',
      thenClose(
        raw(
          'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
        ),
      ),
    ],
    ['the end of the connection', thenClose(raw('HTTP/1.1 200 OK\r\n\r\nabc'))],
    ['the end of the connection in HTTP/1.0', thenClose(raw('HTTP/1.0 200 OK\r\n\r\nabc'))],
    [
      'an interim answer first',
      raw(
        'HTTP/1.1 102 P\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
      ),
    ],
  ])('by %s', async (_, behaviour) => {
    const { status, body, stream } = answerOf(await outcomeOf(behaviour, read));
    expect([status, body.toString(), stream]).toEqual([200, 'abc', undefined]);
  });

  it.each([
    ['HEAD', 'HEAD /x', 'HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n'],
    ['204', 'GET /x', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304 with a length', 'GET /x', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n'],
  ])('without a body for %s', async (_, start, bytes) => {
    const { body, stream } = answerOf(await outcomeOf(raw(bytes), requestBytes(start)));
    expect([body.length, stream]).toEqual([0, undefined]);
  });

  it('by the last byte of a body that streams', async () => {
    const { attempts } = await asked(
      thenClose(raw(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n`)),
    );
    await attempts.send();
    const outcome = await attempts.outcome();
    const reader = Reader.of(outcome);
    expect(await reader.over()).toBe('end');
    expect(Buffer.concat([answerOf(outcome).body, reader.bytes]).toString()).toBe('abc');
    expect(attempts.upstream.inFlight).toBe(0);
  });
});
