// Mutated requests: what reaches the upstream was sent by the client, as a request, and nothing else is.
import { connect } from 'node:net';
import { beforeAll, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import type { Message } from '../support/http-message.ts';
import { fc, isNewGround } from '../support/properties.ts';
import { rawRequest, requestBytes } from '../support/raw-client.ts';
import type { RecordedRequest } from '../support/recorded-request.ts';
import { cuts, mutated, mutation, packets } from './mutations.ts';
import { answerFraming, readMessages, readRequests } from './reading.ts';

/** Stands in targets for the number of the run, in as many bytes. */
const RUN = 'RUNXXXXX';
const FUZZ_MS = 60_000;
const RUNS = isNewGround ? 1_000_000 : 40_000;

const REQUESTS = [
  'GET /RUNXXXXX/get?q=1 HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n',
  'GET http://a/RUNXXXXX/absolute HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n',
  'POST /RUNXXXXX/length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello',
  'POST /RUNXXXXX/chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n',
  'DELETE /RUNXXXXX/chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n',
  'POST /RUNXXXXX/rpc HTTP/1.1\r\nHost: a\r\nContent-Length: 46\r\n\r\n{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}',
  'OPTIONS /RUNXXXXX/hidden HTTP/1.1\r\nHost: a\r\nContent-Length: 48\r\n\r\nGET /RUNXXXXX/inner HTTP/1.1\r\nHost: inner\r\n\r\nabc',
  'GET /RUNXXXXX/old HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
];

let upstream: FakeUpstream;
let app: RunningApp;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  const flags = ['--client-body-timeout=500ms', '--client-header-timeout=1s', '--log-level=warn'];
  app = await startApp({ primaries: [upstream], flags });
});

function runId(run: number): string {
  return `R${String(run).padStart(RUN.length - 1, '0')}`;
}

/** Sends the packets, closes its side, and resolves to all that came back. */
function exchange(parts: readonly Buffer[]): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port: app.port, host: '127.0.0.1', noDelay: true });
    socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks)));
    const [next] = [[...parts].values()];
    const step = () => {
      const part = next?.next().value;
      if (part === undefined || socket.destroyed) socket.end();
      else socket.write(part, () => setImmediate(step));
    };
    socket.on('connect', step);
  });
}

/** Whether the client framed this request. The way of writing its target is the gateway's. */
function isThat(request: RecordedRequest, sent: Message): boolean {
  const [method, target = ''] = sent.startLine.split(' ');
  const origin = target.replace(/^https?:\/\/[^/?]*(?=[/?]|$)/i, '');
  return (
    sent.complete &&
    method === request.method &&
    (origin.startsWith('/') ? origin : `/${origin}`) === request.target &&
    sent.body.equals(request.body)
  );
}

it('no request reaches an upstream that the client did not frame', async () => {
  let run = 0;
  const parts = fc.array(fc.constantFrom(...REQUESTS), { minLength: 1, maxLength: 3 });
  const plan = fc.tuple(parts, fc.array(mutation, { minLength: 0, maxLength: 4 }), cuts);
  const property = fc.asyncProperty(plan, async ([requests, mutations, where]) => {
    upstream.reset();
    run += 1;
    const text = mutated(requests.join(''), mutations).replaceAll(RUN, runId(run));
    const bytes = Buffer.from(text, 'latin1');
    const answers = await exchange(packets(bytes, where));
    const sent = [...readRequests(bytes)];
    expect(upstream.malformed.join('\n')).toBe('');
    for (const request of upstream.requests) {
      // Of an earlier run whose client had left.
      if ((/\/(R\d{7})\//.exec(request.target)?.[1] ?? runId(run)) !== runId(run)) continue;
      const index = sent.findIndex((message) => isThat(request, message));
      expect(index < 0 ? `${request.method} ${request.target} ${request.body}` : 'framed').toBe('framed');
      sent.splice(index, 1);
    }
    const heard = readMessages(answers, answerFraming('GET'), true);
    expect(heard.error).toBeUndefined();
    expect(heard.messages.every(({ complete }) => complete)).toBe(true);
    expect(app.logs.map(({ msg }) => msg)).not.toContain('A request failed by a defect');
  });
  await fc.assert(property, { numRuns: RUNS, interruptAfterTimeLimit: FUZZ_MS });
  expect((await rawRequest(app.port, requestBytes('GET /alive'))).text).toBe('A');
});
