// An upstream that failed is left alone, for a fixed time or for one that fits the cause.
import { Agent } from 'node:http';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { balanceHere } from '../support/app.ts';
import { answer, type Behaviour, refuseRate, resetAfterRequest, rpcError } from '../support/behaviours.ts';
import { type Balancer, type Balancing, type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, rpc } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { secondsAhead } from '../support/retry-after.ts';
import { until } from '../support/waiting.ts';

let primary: FakeUpstream;
let fallback: FakeUpstream;

beforeAll(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
});

beforeEach(() => {
  primary.reset();
  fallback.reset();
});

const firstAndSecond = () => ({
  primaries: [`${primary.url} name=first`],
  fallbacks: [`${fallback.url} name=second`],
});

const start = (env: Balancing['env'] = {}) => balanceHere({ ...firstAndSecond(), env });

/** The state of an upstream as `/stats` tells it. */
async function stateOf(daemon: Balancer, name: string): Promise<string | undefined> {
  const stats = await daemon.stats();
  return stats.find((upstream) => upstream.name === name)?.state;
}

function bothDo(behaviour: Behaviour): void {
  primary.use(behaviour);
  fallback.use(behaviour);
}

describe('with a fixed time', () => {
  it('a failed upstream is skipped for exactly that long, then asked again', async () => {
    const clock = new ManualClock();
    const env = { ERROR_TIME_TO_LIVE_MINUTES: '0.06' };
    const daemon = await balanceHere({ ...firstAndSecond(), env, clock });
    primary.next(resetAfterRequest());
    for (let count = 0; count < 5; count++) {
      expect((await rpc(daemon.url, 'eth_blockNumber')).reply.result).toBe('fallback');
    }
    expect(primary.requests).toHaveLength(1);
    expect(await stateOf(daemon, 'first')).toBe('quarantined');
    clock.advance(3_599);
    expect(await stateOf(daemon, 'first')).toBe('quarantined');
    clock.advance(1);
    expect(await stateOf(daemon, 'first')).toBe('usable');
    expect((await rpc(daemon.url, 'eth_blockNumber')).reply.result).toBe('primary');
  });

  it('429 rests as long as any other failure, whatever its Retry-After', async () => {
    const daemon = await start({ ERROR_TIME_TO_LIVE_MINUTES: '1' });
    primary.use(refuseRate('3600'));
    await rpc(daemon.url, 'eth_blockNumber');
    expect(await stateOf(daemon, 'first')).toBe('quarantined');
    const [first] = await daemon.stats();
    const leftMs = new Date(first?.until ?? 0).getTime() - Date.now();
    expect(leftMs).toBeGreaterThan(50_000);
    expect(leftMs).toBeLessThanOrEqual(60_000);
  });

  it('nobody is asked while all rest: 503 at once, with the time until the first is back', async () => {
    const daemon = await start({ ERROR_TIME_TO_LIVE_MINUTES: '1' });
    bothDo(resetAfterRequest());
    // One request puts out one upstream.
    for (const _ of [primary, fallback]) expect((await rpc(daemon.url, 'eth_blockNumber')).status).toBe(502);
    bothDo(answer({ body: 'well again' }));
    const response = await rpc(daemon.url, 'eth_blockNumber', [], 4);
    expect(response.status).toBe(503);
    expect(response.reply).toMatchObject({
      id: 4,
      error: { code: -32011, data: { code: 'NO_UPSTREAM_AVAILABLE' } },
    });
    expect(secondsAhead(response.headers['retry-after'])).toBeGreaterThan(50);
    expect(secondsAhead(response.headers['retry-after'])).toBeLessThanOrEqual(61);
    expect([primary.requests.length, fallback.requests.length]).toEqual([1, 2]);
    const plain = await http(`${daemon.url}/x`);
    expect([plain.status, plain.json()]).toMatchObject([503, { code: 'NO_UPSTREAM_AVAILABLE' }]);
    expect((await http(`${daemon.url}/readyz`)).status).toBe(503);
  });
});

describe('with a time that fits the cause', () => {
  it('all rate-limited: 429 with the time until the first is back, and nobody is asked before', async () => {
    const daemon = await start();
    bothDo(refuseRate('4'));
    for (const expectedRequests of [1, 1, 1]) {
      const response = await rpc(daemon.url, 'eth_blockNumber', [], 3);
      expect(response.status).toBe(429);
      expect(response.reply).toMatchObject({
        id: 3,
        error: { code: -32005, data: { code: 'RATE_LIMITED' } },
      });
      expect(secondsAhead(response.headers['retry-after'])).toBeGreaterThan(0);
      expect(secondsAhead(response.headers['retry-after'])).toBeLessThanOrEqual(5);
      expect(primary.requests).toHaveLength(expectedRequests);
      expect(fallback.requests).toHaveLength(expectedRequests);
    }
    primary.reset();
    await until(
      async () => (await rpc(daemon.url, 'eth_blockNumber')).status === 200,
      'the first to be back',
    );
  });

  it('a Retry-After of 1000 s is kept, although the upstream is well again', async () => {
    const daemon = await start();
    bothDo(refuseRate('1000'));
    await rpc(daemon.url, 'eth_blockNumber');
    primary.reset();
    fallback.reset();
    const response = await http(`${daemon.url}/x`);
    expect([response.status, response.json()]).toMatchObject([429, { code: 'RATE_LIMITED' }]);
    expect(secondsAhead(response.headers['retry-after'])).toBeGreaterThan(990);
    expect(primary.requests).toHaveLength(0);
  });

  it('keeps the connection of a client that is refused at once', async () => {
    const daemon = await start();
    bothDo(refuseRate('1000'));
    await rpc(daemon.url, 'eth_blockNumber');
    const agent = new Agent({ keepAlive: true });
    const body = '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber"}';
    const refused = await http(daemon.url, { method: 'POST', body, agent });
    agent.destroy();
    expect([refused.status, refused.headers.connection]).toEqual([429, 'keep-alive']);
  });

  it('one rate-limited and one broken is no rate limit', async () => {
    const daemon = await start();
    primary.use(refuseRate('100'));
    fallback.use(resetAfterRequest());
    expect((await rpc(daemon.url, 'eth_blockNumber')).status).toBe(502);
  });

  it.each([
    ['reset', resetAfterRequest()],
    ['500', answer({ status: 500 })],
    ['503 without Retry-After', answer({ status: 503 })],
  ])('when nobody is left, those that rest for a passing reason are tried: %s', async (_, behaviour) => {
    const daemon = await start();
    bothDo(behaviour);
    for (const _ of [primary, fallback]) expect((await rpc(daemon.url, 'eth_blockNumber')).status).toBe(502);
    expect(await stateOf(daemon, 'first')).toBe('quarantined');
    primary.reset();
    fallback.reset();
    // One of them, the one due back first.
    const label = (await rpc(daemon.url, 'eth_blockNumber')).reply.result;
    const [well, sick] = label === 'primary' ? ['first', 'second'] : ['second', 'first'];
    expect(await stateOf(daemon, well)).toBe('usable');
    expect(await stateOf(daemon, sick)).toBe('quarantined');
  });

  it('an upstream that was stopped and started answers the next request', async () => {
    const daemon = await balanceHere({ primaries: [primary] });
    await primary.close();
    expect((await rpc(daemon.url, 'eth_blockNumber')).status).toBe(502);
    await primary.listenAgain();
    expect((await rpc(daemon.url, 'eth_blockNumber')).reply.result).toBe('primary');
  });
});

describe('no reason for a quarantine is', () => {
  let daemon: Daemon;

  beforeAll(async () => {
    daemon = await startBalancer(firstAndSecond());
  });

  it.each([
    ['a revert', rpcError({ code: 3, message: 'execution reverted: rate limit exceeded' })],
    ["a client's wrong parameters", rpcError({ code: -32602, message: 'invalid argument 0' })],
    ['missing data', rpcError({ code: -32000, message: 'missing trie node 123' })],
    ['a result of null', answer({ body: '{"jsonrpc":"2.0","id":1,"result":null}' })],
  ])('%s', async (_, behaviour) => {
    primary.next(behaviour);
    await rpc(daemon.url, 'eth_call');
    expect(await stateOf(daemon, 'first')).toBe('usable');
    expect((await rpc(daemon.url, 'eth_call')).reply.result).toBe('primary');
    expect(primary.requests).toHaveLength(2);
  });

  it('a plain 404', async () => {
    primary.next(answer({ status: 404 }));
    expect((await http(`${daemon.url}/x`)).status).toBe(404);
    expect(await stateOf(daemon, 'first')).toBe('usable');
  });
});
