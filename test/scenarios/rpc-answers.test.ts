// What stands inside an answer to a JSON-RPC call decides about it: its id, and what its error means.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { balanceHere } from '../support/app.ts';
import { answer, rpcError } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { startFakeWebhook } from '../support/fake-webhook.ts';
import { post, rpc } from '../support/http-client.ts';
import { until } from '../support/waiting.ts';

let primary: FakeUpstream;
let fallback: FakeUpstream;

/** Its quarantines are over before the next test asks. */
let daemon: Daemon;

beforeAll(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
  daemon = await startBalancer({ ...firstAndSecond(), env: { ERROR_TIME_TO_LIVE_MINUTES: '0.00002' } });
});

beforeEach(async () => {
  await daemon.allUsable();
  primary.reset();
  fallback.reset();
});

const firstAndSecond = () => ({
  primaries: [`${primary.url} name=first`],
  fallbacks: [`${fallback.url} name=second`],
});

const start = (env: Record<string, string> = {}) => balanceHere({ ...firstAndSecond(), env });

describe('no answer is', () => {
  it.each([
    ['one with another id', '{"jsonrpc":"2.0","id":77,"result":"0x1"}'],
    ['one with the id as a string', '{"jsonrpc":"2.0","id":"1","result":"0x1"}'],
    ['a list', '[{"jsonrpc":"2.0","id":1,"result":"0x1"}]'],
    [
      'that it is rate-limited',
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32005,"message":"Too Many Requests"}}',
    ],
    [
      'that the key is wrong',
      '{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"Must be authenticated!"}}',
    ],
  ])('%s', async (_, body) => {
    const [before] = await daemon.stats();
    primary.use(answer({ body }));
    expect((await rpc(daemon.url, 'eth_blockNumber')).reply).toEqual({
      jsonrpc: '2.0',
      id: 1,
      result: 'fallback',
    });
    const [after] = await daemon.stats();
    expect(after?.failures).toBe((before?.failures ?? 0) + 1);
  });

  it.each([
    ['to a batch, one object', '{"jsonrpc":"2.0","id":1,"result":"0x1"}'],
    ['to a batch, too few items', '[{"jsonrpc":"2.0","id":1,"result":"0x1"}]'],
    [
      'to a batch, a foreign id',
      '[{"jsonrpc":"2.0","id":1,"result":"0x1"},{"jsonrpc":"2.0","id":3,"result":"0x1"}]',
    ],
  ])('%s', async (_, body) => {
    primary.use(answer({ body }));
    const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' }));
    const response = await post(daemon.url, JSON.stringify(batch));
    expect(response.json()).toEqual([1, 2].map((id) => ({ jsonrpc: '2.0', id, result: 'fallback' })));
  });
});

it('the items of a batch come back in the order of the request', async () => {
  const swapped = '[{"jsonrpc":"2.0","id":2,"result":"two"},{"jsonrpc":"2.0","id":1,"result":"one"}]';
  primary.use(answer({ body: swapped }));
  const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' }));
  const response = await post(daemon.url, JSON.stringify(batch));
  expect(response.json()).toMatchObject([
    { id: 1, result: 'one' },
    { id: 2, result: 'two' },
  ]);
});

describe('an error', () => {
  it('the first real error of an upstream is passed on when nobody could do better', async () => {
    const error = { code: -32000, message: 'missing trie node 0xabc', data: 'kept' };
    primary.use(rpcError(error));
    fallback.use(answer({ status: 500 }));
    const response = await rpc(daemon.url, 'eth_getBalance', [], 6);
    expect([response.status, response.reply]).toEqual([200, { jsonrpc: '2.0', id: 6, error }]);
  });

  it.each([
    ['throttled', { code: -32005, message: 'Too Many Requests' }, 429, 'RATE_LIMITED'],
    ['plan', { code: -32005, message: 'Monthly capacity limit exceeded' }, 502, 'ALL_UPSTREAMS_FAILED'],
    ['auth', { code: -32600, message: 'Must be authenticated!' }, 502, 'ALL_UPSTREAMS_FAILED'],
    ['broken', { code: -32603, message: 'Internal error: connection refused' }, 502, 'ALL_UPSTREAMS_FAILED'],
  ])("an upstream's own trouble (%s) is not passed on", async (_, error, status, code) => {
    primary.use(rpcError(error));
    fallback.use(rpcError(error));
    const response = await rpc(daemon.url, 'eth_call');
    expect([response.status, response.reply.error?.data?.code]).toEqual([status, code]);
    expect(response.text).not.toContain(error.message);
  });

  it('a method that nobody has is said to be missing, at first by an upstream, then by ourselves', async () => {
    const lasting = await start();
    const error = { code: -32601, message: 'the method x_y does not exist/is not available' };
    primary.use(rpcError(error));
    fallback.use(rpcError(error));
    expect((await rpc(lasting.url, 'x_y')).reply).toEqual({ jsonrpc: '2.0', id: 1, error });
    const response = await rpc(lasting.url, 'x_y', [], 2);
    expect(response.status).toBe(200);
    expect(response.reply).toMatchObject({
      id: 2,
      error: { code: -32601, data: { code: 'METHOD_NOT_SUPPORTED' } },
    });
    expect(primary.requests).toHaveLength(1);
  });
});

describe('a quarantine', () => {
  it('follows a 401 on a JSON-RPC request, even without a JSON-RPC error', async () => {
    const lasting = await start();
    primary.use(answer({ status: 401, body: 'go away' }));
    expect((await rpc(lasting.url, 'eth_blockNumber')).reply.result).toBe('fallback');
    expect((await lasting.stats())[0]).toMatchObject({ state: 'quarantined', reason: 'auth' });
  });

  it.each([
    ['a wrong key', rpcError({ code: -32600, message: 'Must be authenticated!' }, 401)],
    [
      'a used-up plan',
      rpcError({ code: 429, message: 'Monthly capacity limit exceeded. Visit /billing' }, 429),
    ],
  ])('%s is never tried out of need', async (_, behaviour) => {
    const lasting = await start();
    primary.use(behaviour);
    fallback.use(behaviour);
    // One request puts out one upstream, and not for long.
    for (const _ of [primary, fallback]) await rpc(lasting.url, 'eth_blockNumber');
    primary.reset();
    const response = await rpc(lasting.url, 'eth_blockNumber');
    expect([response.status, response.reply.error?.data?.code]).toEqual([503, 'NO_UPSTREAM_AVAILABLE']);
    expect(primary.requests).toHaveLength(0);
  });

  it('a method that an upstream does not have is banned there alone', async () => {
    const lasting = await start();
    primary.use(rpcError({ code: -32601, message: 'the method debug_traceCall does not exist' }));
    expect((await rpc(lasting.url, 'debug_traceCall')).reply.result).toBe('fallback');
    primary.reset();
    expect((await rpc(lasting.url, 'debug_traceCall')).reply.result).toBe('fallback');
    expect((await rpc(lasting.url, 'eth_blockNumber')).reply.result).toBe('primary');
    expect(primary.requests).toHaveLength(1);
    expect((await lasting.stats())[0]?.state).toBe('usable');
  });
});

it('a key that no longer works is a warning', async () => {
  const webhook = await startFakeWebhook();
  const lasting = await start({ SLACK_WEBHOOK_URL: webhook.url, HEALTH_CHECK: 'tcp' });
  primary.use(rpcError({ code: -32600, message: 'Must be authenticated!' }, 401));
  await rpc(lasting.url, 'eth_blockNumber');
  await until(
    () => webhook.texts.some((text) => /warning/i.test(text) && /auth|credential/i.test(text)),
    'the warning',
  );
});
