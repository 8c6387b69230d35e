// 100 Continue that nobody asked for, before an answer (RFC 9110, 15.2).
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { ContinueFilter } from '../../src/transport/continue-filter.ts';
import { startApp } from '../support/app.ts';
import { answer, interim, raw, thenClose } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { RawClient, rawRequest, requestBytes } from '../support/raw-client.ts';
import { Attempts, answerOf } from './attempts.ts';

const CONTINUE = 'HTTP/1.1 100 Continue\r\nX: 1\r\n\r\n';
const HINTS = 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';

/** What a reader gets of these chunks. */
function filtered(chunks: readonly (string | null)[], expectsAnswer = true): string {
  let got = '';
  const socket = {
    push(chunk: Buffer | null) {
      got += chunk === null ? '<end>' : chunk.toString('latin1');
      return true;
    },
  };
  // No more of a socket is used.
  const filter = new ContinueFilter(socket as unknown as Socket);
  if (expectsAnswer) filter.expectAnswer();
  for (const chunk of chunks) socket.push(chunk === null ? null : Buffer.from(chunk, 'latin1'));
  return got;
}

describe('of what a socket receives', () => {
  it.each([
    ['an answer stays as it is', ANSWER, ANSWER],
    ['100 before an answer is taken out', CONTINUE + ANSWER, ANSWER],
    ['several are taken out', CONTINUE + CONTINUE + ANSWER, ANSWER],
    ['103 stays, before and after it', HINTS + CONTINUE + HINTS + ANSWER, HINTS + HINTS + ANSWER],
    [
      '101 stays, with all that follows',
      `HTTP/1.1 101 S\r\n\r\n${CONTINUE}`,
      `HTTP/1.1 101 S\r\n\r\n${CONTINUE}`,
    ],
    ['garbage stays', '\x16\x03\x01\x02\r\n\r\n', '\x16\x03\x01\x02\r\n\r\n'],
    ['a body stays that looks like it', `${ANSWER}${CONTINUE}`, `${ANSWER}${CONTINUE}`],
    ['another version stays', 'HTTP/2.0 100 C\r\n\r\n', 'HTTP/2.0 100 C\r\n\r\n'],
    [
      'an endless head goes on to the parser',
      `HTTP/1.1 100 C\r\n${'x'.repeat(20_000)}`,
      `HTTP/1.1 100 C\r\n${'x'.repeat(20_000)}`,
    ],
  ])('%s, in one piece and byte by byte', (_, bytes, left) => {
    expect(filtered([bytes])).toBe(left);
    if (bytes.length < 1_000) expect(filtered([...bytes])).toBe(left);
  });

  it('an end in the middle is passed on, after what came', () => {
    expect(filtered(['HTTP/1.1 100 Con', null])).toBe('HTTP/1.1 100 Con<end>');
    expect(filtered([CONTINUE, null])).toBe('<end>');
  });

  it('nothing is taken where no answer is expected', () => {
    expect(filtered([CONTINUE], false)).toBe(CONTINUE);
  });
});

describe('an upstream that sends 100 unasked', () => {
  it('is heard, on a fresh and on a kept connection', async () => {
    const upstream = await FakeUpstream.start('A', interim(100, [], answer({ body: 'good' })));
    const app = await startApp({ primaries: [upstream] });
    for (const method of ['GET', 'POST', 'PUT']) {
      const response = await rawRequest(
        app.port,
        requestBytes(`${method} /x`, [], method === 'GET' ? '' : 'body'),
      );
      expect([response.status, response.text, response.interim]).toEqual([200, 'good', []]);
    }
    expect([upstream.connections, upstream.requests.length]).toEqual([1, 3]);
  });

  it('and then nothing more has not answered', async () => {
    const attempts = await Attempts.to((await FakeUpstream.start('A', thenClose(raw(CONTINUE)))).url);
    expect(await attempts.attempt()).toMatchObject({ kind: 'broken', reason: 'reset' });
  });

  it('after its answer has spoken out of turn: its connection is not used again', async () => {
    const upstream = await FakeUpstream.start('A', raw(ANSWER + CONTINUE));
    const attempts = await Attempts.to(upstream.url);
    expect(answerOf(await attempts.attempt()).body.toString()).toBe('abc');
    upstream.use(answer({ body: 'next' }));
    expect(answerOf(await attempts.attempt()).body.toString()).toBe('next');
    expect(upstream.connections).toBe(2);
  });

  it('in front of a body that streams is heard', async () => {
    const body = 'x'.repeat(200_000);
    const upstream = await FakeUpstream.start('A', interim(100, [], answer({ body })));
    const app = await startApp({ primaries: [upstream] });
    const client = await RawClient.connect(app.port);
    client.send(requestBytes('GET /x'));
    expect((await client.response()).text).toBe(body);
  });
});
