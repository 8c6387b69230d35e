// One upstream fails, in every way an upstream can fail, and the client gets one good answer of another.
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { balanceHere } from '../support/app.ts';
import {
  answer,
  type Behaviour,
  cutBody,
  cutChunked,
  cutJson,
  emptyAnswer,
  garbage,
  headersThenSilence,
  htmlPage,
  refuseRate,
  resetAfterRequest,
  resetOnConnect,
  rpcError,
  silence,
  thenClose,
} from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, NO_SUCH_HOST, releasedPort } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { load } from '../support/load.ts';

/** A quarantine that is over before the next test asks. */
const forgetful = { ERROR_TIME_TO_LIVE_MINUTES: '0.00001', ATTEMPT_TIMEOUT: '2s' };

let primary: FakeUpstream;
let fallback: FakeUpstream;
let daemon: Daemon;

beforeAll(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
  daemon = await startBalancer({
    primaries: [`${primary.url} name=first`],
    fallbacks: [`${fallback.url} name=second`],
    // On a slow machine a call may take longer than is usual here.
    env: { ...forgetful, HEDGE: 'off' },
  });
});

beforeEach(async () => {
  primary.reset();
  primary.dropConnections();
  fallback.reset();
  // When the daemon has answered this, it has also seen that those connections ended.
  await daemon.allUsable();
});

const failures: [string, Behaviour][] = [
  ['resets the connection', resetOnConnect()],
  ['resets after the request', resetAfterRequest()],
  ['ends the connection after the request', { at: 'body', run: (socket) => socket.end() }],
  ['never answers', silence()],
  ['sends headers and then nothing', headersThenSilence()],
  ['cuts its body with a FIN', cutBody('fin')],
  ['cuts its body with a reset', cutBody('rst')],
  ['cuts its chunks with a FIN', cutChunked('fin')],
  ['cuts its chunks with a reset', cutChunked('rst')],
  ['sends garbage', garbage()],
  ['answers 429', refuseRate()],
  ['answers 429 with Retry-After', refuseRate('1')],
  ['answers 500', answer({ status: 500 })],
  ['answers 502', htmlPage(502)],
  ['answers 503', answer({ status: 503 })],
  ['answers 504', answer({ status: 504 })],
];

const badAnswers: [string, Behaviour][] = [
  ['answers 200 with HTML', htmlPage()],
  ['answers 200 with nothing', emptyAnswer()],
  ['answers 200 with a cut JSON', cutJson()],
  ['answers 200 with JSON that is no answer', answer({ body: '{"hello":"world"}' })],
];

describe('the next upstream answers when the first', () => {
  it.each([...failures, ...badAnswers])('%s (a JSON-RPC call)', async (_, behaviour) => {
    const { connections } = primary;
    primary.use(behaviour);
    const response = await rpc(daemon.url, 'eth_blockNumber', [], 12);
    expect([response.status, response.reply]).toEqual([200, { jsonrpc: '2.0', id: 12, result: 'fallback' }]);
    expect(response.headers['x-forwarded-server']).toBe('second');
    expect(fallback.requests).toHaveLength(1);
    expect(primary.connections).toBeGreaterThan(connections);
  });

  it.each(failures.filter(([name]) => !name.includes('chunks')))('%s (a GET)', async (_, behaviour) => {
    const { connections } = primary;
    primary.use(behaviour);
    const response = await http(`${daemon.url}/x`);
    expect([response.status, response.text]).toEqual([200, 'fallback']);
    expect(fallback.requests).toHaveLength(1);
    expect(primary.connections).toBeGreaterThan(connections);
  });

  it('refuses the connection', async () => {
    const dead = `http://127.0.0.1:${await releasedPort()}`;
    const other = await balanceHere({ primaries: [dead], fallbacks: [fallback], env: forgetful });
    expect((await rpc(other.url, 'eth_blockNumber')).reply.result).toBe('fallback');
  });

  it('has no address', async () => {
    const nameless = `http://${NO_SUCH_HOST}`;
    const other = await balanceHere({ primaries: [nameless], fallbacks: [fallback], env: forgetful });
    expect((await rpc(other.url, 'eth_blockNumber')).reply.result).toBe('fallback');
  });
});

describe('order and number of attempts', () => {
  async function asked(env: Record<string, string>): Promise<{ status: number; order: string[] }> {
    const all = await Promise.all(
      ['a', 'b', 'c', 'd'].map((label) => FakeUpstream.start(label, answer({ status: 500 }))),
    );
    const other = await balanceHere({ primaries: all.slice(0, 2), fallbacks: all.slice(2), env });
    const { status } = await rpc(other.url, 'eth_blockNumber');
    const requests = all.flatMap(({ label, requests }) => requests.map(({ serial }) => ({ label, serial })));
    return { status, order: requests.sort((x, y) => x.serial - y.serial).map(({ label }) => label) };
  }

  it('every primary is tried before any fallback, and each upstream once', async () => {
    const { status, order } = await asked({});
    expect(status).toBe(502);
    expect(order.slice(0, 2).sort()).toEqual(['a', 'b']);
    expect(order.slice(2).sort()).toEqual(['c', 'd']);
  });

  it('MAX_ATTEMPTS ends the search', async () => {
    expect((await asked({ MAX_ATTEMPTS: '3' })).order).toHaveLength(3);
  });

  it('statuses that RETRY_STATUS does not name are answers', async () => {
    const other = await startBalancer({
      primaries: [primary],
      fallbacks: [fallback],
      env: { RETRY_STATUS: '404,503' },
    });
    primary.use(answer({ status: 500, body: 'mine' }));
    expect((await http(other.url)).text).toBe('mine');
    primary.use(answer({ status: 404, body: 'not mine' }));
    expect((await http(other.url)).text).toBe('fallback');
  });
});

describe("a client's own mistake", () => {
  it.each([400, 401, 403, 404, 405, 409, 413, 422])('is told so: %i', async (status) => {
    primary.use(answer({ status, body: 'your fault' }));
    const response = await http(`${daemon.url}/x`);
    expect([response.status, response.text, fallback.requests.length]).toEqual([status, 'your fault', 0]);
  });

  it.each([
    ['a revert', { code: 3, message: 'execution reverted: deposit limit exceeded', data: '0x08c379a0' }, 200],
    ['wrong parameters', { code: -32602, message: 'invalid argument 0: hex string has odd length' }, 400],
    ['no method of that kind', { code: -32700, message: 'parse error' }, 400],
  ])('is told so: %s', async (_, error, status) => {
    primary.use(rpcError(error, status));
    const response = await rpc(daemon.url, 'eth_call', [{}], 5);
    expect([response.status, response.reply]).toEqual([status, { jsonrpc: '2.0', id: 5, error }]);
    expect(fallback.requests).toHaveLength(0);
  });

  it('result: null, behind a byte order mark and white space, is an answer', async () => {
    const body = '\ufeff \n{"id":1,"jsonrpc":"2.0","result":null}';
    primary.use(answer({ body }));
    const call = '{"jsonrpc":"2.0","id":1,"method":"eth_getTransactionReceipt"}';
    const response = await post(daemon.url, call);
    expect([response.status, response.text, fallback.requests.length]).toEqual([200, body, 0]);
  });
});

it('connections that the upstream closes after each answer cost no request and no blame', async () => {
  primary.use(thenClose(answer({ body: '{"jsonrpc":"2.0","id":1,"result":"primary"}' })));
  for (let count = 0; count < 30; count++) {
    expect((await rpc(daemon.url, 'eth_blockNumber')).reply.result).toBe('primary');
  }
  expect(fallback.requests).toHaveLength(0);
});

it('an upstream that dies and returns under load costs no answer', async () => {
  const twins = await Promise.all([FakeUpstream.start('same'), FakeUpstream.start('same')]);
  const other = await startBalancer({ primaries: twins });
  const running = load({ url: other.url, durationMs: 1_500, ratePerSecond: 200, expected: 'same' });
  await sleep(400);
  await twins[0]?.close();
  await sleep(500);
  await twins[0]?.listenAgain();
  const report = await running;
  expect(Object.fromEntries(report.faults)).toEqual({});
  expect(report.good).toBe(300);
});
