// What providers really say with a status, and what the client should get: A is the primary, B a fallback that is well.
import { beforeEach, describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, answerByLabel, type Behaviour, htmlPage, rpcError } from '../support/behaviours.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { callsIn } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

const a = await FakeUpstream.start('a');
const b = await FakeUpstream.start('b');
let url: string;

beforeEach(async () => {
  a.reset();
  b.reset();
  const flags = ['--health-check=tcp', '--health-check-interval=1h'];
  ({ url } = await startApp({ primaries: [`${a.url} name=a`], fallbacks: [`${b.url} name=b`], flags }));
});

const stats = async () => (await http(`${url}/stats`)).json() as StatsRow[];
const calls = (upstream: FakeUpstream) =>
  upstream.requests.flatMap(({ body }) => callsIn(body).map(({ method }) => method));
const usable = () =>
  until(async () => (await stats()).every(({ state }) => state === 'usable'), 'both usable');

/** Calls of this method are answered so, all others well. */
function onMethod(method: string, behaviour: Behaviour): Behaviour {
  const well = answerByLabel('a');
  return {
    at: 'body',
    run(socket, request) {
      const chosen = calls({ requests: [request] } as never).includes(method) ? behaviour : well;
      if (chosen.at !== 'connect') chosen.run(socket, request);
    },
  };
}

const archive = rpcError({ code: -32602, message: 'Archive requests require a personal token' }, 403);

describe('B answers, and A is used again at once, after', () => {
  it.each([
    ['403 about one kind of call', archive],
    ['400 with missing data', rpcError({ code: -32019, message: 'block is out of range' }, 400)],
    ['404 in words of its own', answer({ status: 404, body: 'no such route' })],
    ['a redirect', answer({ status: 301, headers: [['Location', 'https://elsewhere.example/']] })],
    ['400 without JSON-RPC', answer({ status: 400, body: 'bad request' })],
  ])('%s', async (_, behaviour) => {
    a.use(onMethod('eth_getTransactionReceipt', behaviour));
    expect((await rpc(url, 'eth_getTransactionReceipt')).reply.result).toBe('b');
    await usable();
    expect((await rpc(url, 'eth_blockNumber')).reply.result).toBe('a');
  });
});

describe('B answers, and A rests, after', () => {
  it.each([
    ['a page of a server that wanted HTTPS', htmlPage(400), 'not-an-answer'],
    ['a page of a proxy in front of it', htmlPage(200), 'not-an-answer'],
    ['Cloudflare’s page about its origin', htmlPage(524), 'status'],
    ['401 to every call', answer({ status: 401 }), 'auth'],
    [
      'a bare 402 for the day',
      answer({
        status: 402,
        body: '{"code":402,"event":-33000,"message":"Payment Required","details":"reached its daily credit limit"}',
      }),
      'plan',
    ],
  ])('%s', async (_, behaviour, reason) => {
    a.use(behaviour);
    expect((await rpc(url, 'eth_call')).reply.result).toBe('b');
    const row = await until(async () => (await stats()).find(({ reason: why }) => why === reason), 'a rest');
    expect(row).toMatchObject({ name: 'a', state: 'quarantined' });
    if (reason !== 'plan') return;
    // To ten seconds, for the system's clock may be corrected meanwhile.
    await until(
      async () => /T(?:23:59:5|00:00:0)\d/.test((await stats())[0]?.until ?? ''),
      'a rest until midnight',
    );
  });
});

it('403 about one kind of call is never believed of all, however often it comes', async () => {
  a.use(onMethod('eth_getTransactionReceipt', archive));
  for (let count = 0; count < 5; count++) {
    expect((await rpc(url, 'eth_getTransactionReceipt')).reply.result).toBe('b');
    expect((await rpc(url, 'eth_blockNumber')).status).toBe(200);
  }
  await usable();
});

it('a JSON-RPC call that meets only redirects gets an error, not a redirect', async () => {
  for (const upstream of [a, b])
    upstream.use(answer({ status: 301, headers: [['Location', 'https://elsewhere.example/']] }));
  const response = await rpc(url, 'eth_call', [], 7);
  expect([response.status, response.headers['location']]).toEqual([502, undefined]);
  expect(response.reply).toMatchObject({ id: 7, error: { data: { code: 'ALL_UPSTREAMS_FAILED' } } });
});

describe('a method', () => {
  const missing = rpcError({ code: -32601, message: 'the method trace_transaction does not exist' });

  it('that was just answered is asked for again after one refusal, and no more after two', async () => {
    expect((await rpc(url, 'trace_transaction')).reply.result).toBe('a');
    a.next(missing);
    expect((await rpc(url, 'trace_transaction')).reply.result).toBe('b');
    a.next(missing);
    expect((await rpc(url, 'trace_transaction')).reply.result).toBe('b');
    expect((await rpc(url, 'trace_transaction')).reply.result).toBe('b');
    expect(calls(a)).toHaveLength(3);
  });

  it.each([
    [
      'one error for a whole batch',
      answer({ body: '{"id":null,"error":{"code":-32601,"message":"Method not found"}}' }),
    ],
    [
      'an array with one refusal',
      answer({ body: '[{"id":null,"error":{"code":-32601,"message":"Method not found"}}]' }),
    ],
    ['405 with a page', htmlPage(405)],
  ])('is not banned for %s', async (_, behaviour) => {
    a.next(behaviour);
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_call' }));
    const response = await post(url, JSON.stringify(batch));
    expect(response.json()).toMatchObject([
      { id: 1, result: 'b' },
      { id: 2, result: 'b' },
    ]);
    await usable();
    expect((await rpc(url, 'eth_call')).reply.result).toBe('a');
  });
});

describe('a body without a version', () => {
  it('has a 2xx that is no JSON-RPC passed on, and blames nobody', async () => {
    a.use(answer({ body: 'order taken' }));
    const response = await post(url, '{"method":"card","amount":3}');
    expect([response.status, response.text, b.requests.length]).toEqual([200, 'order taken', 0]);
    expect((await stats())[0]).toMatchObject({ state: 'usable', failures: 0 });
  });

  it.each([
    ['is not sent twice', 'card', 500],
    ['is sent twice where it reads', 'eth_blockNumber', 200],
  ])('%s', async (_, method, status) => {
    a.use(onMethod(method, answer({ status: 500, body: 'half done' })));
    expect((await post(url, `{"id":1,"method":"${method}"}`)).status).toBe(status);
  });
});
