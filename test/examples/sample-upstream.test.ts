import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { RawClient, requestBytes } from '../support/raw-client.ts';
import { until } from '../support/waiting.ts';
import { callRpc, sampleFile, startNode, startSample, startSampleProcess } from './processes.ts';

function call(method: string, id: unknown = 1): object {
  return { jsonrpc: '2.0', id, method };
}

describe('the sample upstream, asked for JSON-RPC', () => {
  it('answers its methods and says which instance it is', async () => {
    const url = await startSample({ NAME: 'one' });
    const methods = ['eth_chainId', 'net_version', 'web3_clientVersion'];
    const answers = await Promise.all(methods.map((method) => callRpc(`${url}/any/path`, call(method))));
    expect(answers.map(({ body }) => body)).toEqual([
      { jsonrpc: '2.0', id: 1, result: '0x7a69' },
      { jsonrpc: '2.0', id: 1, result: '31337' },
      { jsonrpc: '2.0', id: 1, result: 'sample/one' },
    ]);
  });

  it('has a block number that rises', async () => {
    const url = await startSample({ BLOCK_MS: '1' });
    const head = async (): Promise<number> => {
      const { body } = await callRpc(url, call('eth_blockNumber'));
      const result = typeof body === 'object' && body !== null && 'result' in body ? body.result : undefined;
      expect(result).toMatch(/^0x[1-9a-f][0-9a-f]*$/);
      return Number(result);
    };
    const first = await head();
    await until(async () => (await head()) > first, 'a newer block');
  });

  it('is on the chain that it is told, and as far behind', async () => {
    const behind = { CHAIN_ID: '11155111', BLOCK_LAG: '10', BLOCK_MS: '60000' };
    const [late, inStep] = await Promise.all([startSample(behind), startSample({ BLOCK_MS: '60000' })]);
    expect(await callRpc(late, call('eth_chainId'))).toMatchObject({ body: { result: '0xaa36a7' } });
    expect(await callRpc(late, call('net_version'))).toMatchObject({ body: { result: '11155111' } });
    const height = async (url: string) => {
      const { body } = await callRpc(url, call('eth_blockNumber'));
      return Number(typeof body === 'object' && body !== null && 'result' in body ? body.result : undefined);
    };
    // One block a minute, which may begin between the two questions.
    const before = await height(inStep);
    const [lateNow, after] = [await height(late), await height(inStep)];
    expect([before - 10, after - 10]).toContain(lateNow);
  });

  it('refuses other methods with -32601 and broken JSON with -32700', async () => {
    const url = await startSample();
    expect(await callRpc(url, call('eth_nothing', 'x'))).toMatchObject({
      status: 200,
      body: { id: 'x', error: { code: -32601 } },
    });
    expect(await callRpc(url, call('toString'))).toMatchObject({ body: { error: { code: -32601 } } });
    const broken = await fetch(url, { method: 'POST', body: '{"a":' });
    expect(await broken.json()).toMatchObject({ id: null, error: { code: -32700 } });
  });

  it('answers a batch in order, without its notifications', async () => {
    const url = await startSample();
    const notification = { jsonrpc: '2.0', method: 'eth_chainId' };
    const { body } = await callRpc(url, [call('net_version', 7), notification, call('eth_nothing', 8)]);
    expect(body).toMatchObject([
      { id: 7, result: '31337' },
      { id: 8, error: { code: -32601 } },
    ]);
    expect(await callRpc(url, [notification])).toMatchObject({ status: 204, body: undefined });
  });
});

describe('the sample upstream, asked for plain HTTP', () => {
  it('says which instance it is', async () => {
    const url = await startSample({ NAME: 'two' });
    expect(await (await fetch(url)).text()).toContain('two');
    expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  });

  it('tells its memory, also while it fails', async () => {
    const url = await startSample({ FAIL_RATE: '1' });
    expect((await fetch(url)).status).toBe(503);
    const health = await (await fetch(`${url}/health`)).json();
    expect(health).toEqual({ status: 'ok', memory_usage: expect.any(Number) });
  });

  it('sleeps for as long as it is asked to', async () => {
    const url = await startSample({ SLEEP_MS: '60000' });
    expect(await (await fetch(`${url}/sleep?ms=5`)).text()).toContain('5 ms');
  });

  it('drips a stream', async () => {
    const url = await startSample({ SLEEP_MS: '1' });
    expect((await (await fetch(`${url}/slow`)).text()).trim().split('\n')).toHaveLength(10);
  });

  it('refuses a body over 1 MB without cutting the connection', async () => {
    const url = await startSample();
    const response = await fetch(url, { method: 'POST', body: 'x'.repeat(1024 * 1024 + 1) });
    expect(response.status).toBe(413);
  });
});

describe('the faults of the sample upstream', () => {
  it('limits the rate with 429 and Retry-After', async () => {
    const url = await startSample({ RATE_LIMIT: '0' });
    const response = await fetch(url);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('1');
  });

  it('lets a rate under the limit through', async () => {
    const url = await startSample({ RATE_LIMIT: '3' });
    const statuses = await Promise.all([1, 2, 3].map(async () => (await fetch(url)).status));
    expect(statuses).toEqual([200, 200, 200]);
  });

  it('fails with the status of FAIL_STATUS', async () => {
    const url = await startSample({ FAIL_RATE: '1', FAIL_STATUS: '500' });
    expect((await fetch(url)).status).toBe(500);
  });

  it('has faults for some of the time only, where that is asked for', async () => {
    const url = await startSample({
      FAIL_RATE: '1',
      RATE_LIMIT: '1000',
      FAULTS_EVERY: '0.1',
      FAULTS_FOR: '0.05',
    });
    const seen = new Set<number>();
    await until(async () => seen.add((await fetch(url)).status).size === 2, 'both');
    expect([...seen].sort()).toEqual([200, 503]);
  });

  it('never answers when it hangs', async () => {
    const url = await startSample({ HANG_RATE: '1' });
    const answered = fetch(url).then(() => 'answered');
    answered.catch(() => 'cut when the process ends');
    // Nothing can be waited for here: half a second is far over what any answer takes.
    expect(await Promise.race([answered, sleep(500, 'silent')])).toBe('silent');
  });

  it('takes LATENCY_MS for an answer', async () => {
    const url = await startSample({ LATENCY_MS: '200' });
    const startMs = performance.now();
    await fetch(url);
    expect(performance.now() - startMs).toBeGreaterThan(190);
  });

  it('ends with a sentence when a setting is no number', async () => {
    const running = startNode([sampleFile], { FAIL_RATE: '2' });
    expect(await running.ended).toBe(1);
    expect(running.output()).toBe('FAIL_RATE=2 is not a number from 0 to 1\n');
  });
});

describe('the end of the sample upstream', () => {
  /** Sends a request; resolves when it has arrived: what was sent after it is answered. */
  async function underWay(url: string): Promise<RawClient> {
    const client = await RawClient.connect(Number(new URL(url).port));
    client.send(requestBytes('GET /'));
    await fetch(`${url}/health`);
    return client;
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('lets a request finish after %s', async (signal) => {
    const { url, running } = await startSampleProcess({ LATENCY_MS: '500' });
    const client = await underWay(url);
    running.child.kill(signal);
    expect((await client.response()).status).toBe(200);
    expect(await running.ended).toBe(0);
  });

  it('does not wait for requests that hang', async () => {
    const { url, running } = await startSampleProcess({ HANG_RATE: '1' });
    const client = await underWay(url);
    running.child.kill('SIGTERM');
    expect(await client.ended()).not.toBe('open');
    expect(await running.ended).toBe(0);
  });
});
