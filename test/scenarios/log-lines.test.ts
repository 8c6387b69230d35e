// What the lines of requests hold, and what they never do.
import { beforeAll, describe, expect, it } from 'vitest';
import { balanceHere, startApp } from '../support/app.ts';
import { refuseRate } from '../support/behaviours.ts';
import type { Balancer, LogLine } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { askForWebSocket, switchProtocol, TunnelClient } from '../support/tunnel-client.ts';

const CALL = '{"jsonrpc":"2.0","id":7,"method":"eth_call","params":["wordsOfTheBody"]}';
const KEY = 'alices-long-key';
const BOB = 'bobs-long-key';

let upstream: FakeUpstream;
let balancer: Balancer;

beforeAll(async () => {
  upstream = await FakeUpstream.start();
  balancer = await balanceHere({
    primaries: [`${upstream.url} name=main`],
    env: {
      RPC_URLS_BASE: `${upstream.url} name=base`,
      FALLBACK_RPC_URLS_BASE: 'none',
      API_KEYS: `alice:${KEY} methods=eth_*, bob:${BOB}`,
      ERROR_TIME_TO_LIVE_MINUTES: '0.00001',
      HEDGE: 'off',
    },
  });
});

const keyed = { 'x-api-key': KEY };

async function linesOf(response: { headers: Record<string, unknown> }): Promise<LogLine[]> {
  const id = response.headers['x-request-id'];
  await balancer.logged((line) => line.id === id && line.msg === 'Request', 'the line of the request');
  return balancer.logs().filter((line) => line.id === id);
}

describe('the pool and the client’s name stand', () => {
  it.each([
    ['/', 'default', 'main'],
    ['/base', 'base', 'base'],
  ])('in the lines of a request to %s', async (path, pool, name) => {
    const response = await post(`${balancer.url}${path}`, CALL, keyed);
    expect(await linesOf(response)).toMatchObject([
      { msg: 'Attempt', pool, upstream: name, result: 'answered' },
      { msg: 'Request', pool, upstream: name, clientName: 'alice', client: '127.0.0.1', result: 'answered' },
    ]);
  });

  it.each([
    ['a method that the client may not call', CALL.replace('eth_', 'debug_'), {}, 'METHOD_DENIED'],
    ['an expectation', CALL, { expect: 'a-miracle' }, 'EXPECTATION_FAILED'],
  ])('in the line of a request that is refused for %s', async (_, body, headers, code) => {
    const response = await post(`${balancer.url}/base`, body, { ...keyed, ...headers });
    expect(await linesOf(response)).toMatchObject([
      { msg: 'Request', result: 'refused', code, pool: 'base', clientName: 'alice' },
    ]);
  });

  it('but for the name, in that of one without a key', async () => {
    const [line] = await linesOf(await post(`${balancer.url}/base`, CALL));
    expect(line).toMatchObject({ result: 'refused', code: 'UNAUTHORIZED', pool: 'base' });
    expect(line).not.toHaveProperty('clientName');
  });

  it('in the lines of a WebSocket', async () => {
    upstream.next(switchProtocol());
    (await TunnelClient.open(balancer.port, askForWebSocket('/base', [`X-API-Key: ${BOB}`]))).end();
    const { id } = await balancer.logged(({ msg }) => msg === 'Tunnel opened', 'the tunnel');
    expect(await linesOf({ headers: { 'x-request-id': id } })).toMatchObject([
      { msg: 'Attempt', pool: 'base', upstream: 'base' },
      { msg: 'Tunnel opened', pool: 'base', upstream: 'base', clientName: 'bob' },
      { msg: 'Request', pool: 'base', upstream: 'base', clientName: 'bob', status: 101 },
    ]);
  });

  it('where it applies, in that of a change of state', async () => {
    upstream.next(refuseRate());
    await post(`${balancer.url}/base`, CALL, keyed);
    const line = await balancer.logged(({ msg }) => msg === 'Quarantined', 'the quarantine');
    expect(line).toMatchObject({ pool: 'base', upstream: 'base', reason: 'rate-limited' });
  });
});

describe('no line holds', () => {
  it('a body, a query or a key', async () => {
    const response = await post(`${balancer.url}/base/${KEY}/x?q=wordsOfTheQuery`, CALL, keyed);
    const lines = await linesOf(response);
    expect(lines.at(-1)).toMatchObject({ path: '/base/x', rpcMethod: 'eth_call', clientName: 'alice' });
    expect(JSON.stringify(balancer.logs())).not.toMatch(/wordsOf|alices-|bobs-/);
  });

  it('more of what a client has written than it needs', async () => {
    const method = `eth_${'m'.repeat(5_000)}`;
    const call = CALL.replace('eth_call', method);
    const [line] = (await linesOf(await post(`${balancer.url}/${'p'.repeat(5_000)}`, call, keyed))).slice(-1);
    expect(line?.['rpcMethod']).toBe(`${method.slice(0, 256)}…`);
    expect(line?.['path']).toBe(`/${'p'.repeat(1_023)}…`);
    const verb = 'PROPFIND';
    const other = await http(balancer.url, { method: verb, headers: keyed });
    expect((await linesOf(other)).at(-1)).toMatchObject({ method: verb });
  });
});

describe('LOG_SAMPLE', () => {
  it('leaves good requests out until a reload asks for them; others are there all the time', async () => {
    const lists = { primaries: [`${upstream.url} name=main`] };
    const { url, logs, reload } = await startApp({ ...lists, flags: ['--log-sample=0'] });
    const ids: unknown[] = [];
    const send = async (path: string, headers = {}) =>
      ids.push((await http(url + path, { headers })).headers['x-request-id']);
    await send('/');
    await send('/', { expect: 'a-miracle' });
    expect(await reload(lists)).toEqual({ changed: ['LOG_SAMPLE'], restart: [] });
    await send('/');
    const requests = () => logs.filter(({ msg }) => msg === 'Request');
    await expect.poll(() => requests().map(({ id }) => id)).toEqual(ids.slice(1));
    expect(requests().map(({ code }) => code)).toEqual(['EXPECTATION_FAILED', undefined]);
    // Attempts are no requests.
    expect(logs.filter(({ msg }) => msg === 'Attempt')).toHaveLength(2);
  });
});
