// Mutated answers: what looks complete to the client was complete when it left the upstream.

import { beforeAll, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { type Behaviour, type Ending, endApart } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import type { Message } from '../support/http-message.ts';
import { fc, isNewGround } from '../support/properties.ts';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { cuts, mutated, mutation, packets } from './mutations.ts';
import { answerFraming, readAfterEmptyLines, readMessages, statusOf } from './reading.ts';

const FUZZ_MS = 60_000;
const RUNS = isNewGround ? 1_000_000 : 2_000;
/** More than is kept back of an answer. */
const LARGE_BYTES = 70_000;
/** Stands for a large body, so that a failure can be read. */
const LARGE = '<large>';

const ANSWERS = [
  'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
  'HTTP/1.1 404 Not Found\r\nX-A: 1\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 2\r\n\r\nno',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: 1\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc',
  'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nup to the end',
  'HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n',
  'HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold',
  `HTTP/1.1 200 OK\r\nContent-Length: ${LARGE_BYTES}\r\n\r\n${LARGE}`,
  `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${LARGE_BYTES.toString(16)}\r\n${LARGE}\r\n0\r\n\r\n`,
];
const CALL = '{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}';

let upstream: FakeUpstream;
let app: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  const flags = ['--error-time-to-live-minutes=0.00002', '--attempt-timeout=1s', '--log-level=warn'];
  app = await startApp({ primaries: [upstream], flags });
});

function says(parts: readonly Buffer[], ending: Ending): Behaviour {
  return {
    at: 'body',
    run(socket) {
      const [next] = [[...parts].values()];
      const step = () => {
        const part = next?.next().value;
        if (part !== undefined && !socket.destroyed) socket.write(part, () => setImmediate(step));
        else if (ending === 'fin') socket.end();
        else endApart(socket, ending);
      };
      step();
    },
  };
}

it('no answer that was cut looks complete', async () => {
  const plan = fc.record({
    answer: fc.constantFrom(...ANSWERS),
    mutations: fc.array(mutation, { maxLength: 3 }),
    where: cuts,
    ending: fc.constantFrom<Ending>('fin', 'fin', 'fin', 'rst'),
    method: fc.constantFrom('GET', 'HEAD', 'PUT', 'POST'),
  });
  const property = fc.asyncProperty(plan, async ({ answer, mutations, where, ending, method }) => {
    const text = mutated(answer, mutations).replaceAll(LARGE, 'l'.repeat(LARGE_BYTES));
    const bytes = Buffer.from(text, 'latin1');
    upstream.reset();
    upstream.use(says(packets(bytes, where), ending));
    const client = await RawClient.connect(app.port);
    client.send(requestBytes(`${method} /x`, [], method === 'POST' ? CALL : ''));
    const response = await client.response(8_000);
    client.leave();
    expect(app.logs.map(({ msg }) => msg)).not.toContain('A request failed by a defect');
    // An answer of our own, or one that is seen to be cut.
    if (response.headers('x-forwarded-server').length === 0 || !response.complete) return;
    const framing = answerFraming(method);
    const isFinal = (message: Message) => statusOf(message) >= 200;
    const final =
      readMessages(bytes, framing, ending === 'fin').messages.find(isFinal) ??
      readAfterEmptyLines(bytes, framing, ending === 'fin').find(isFinal);
    expect([final?.complete, final && statusOf(final)]).toEqual([true, response.status]);
    expect(final?.body.equals(response.body)).toBe(true);
  });
  await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: FUZZ_MS });
});
