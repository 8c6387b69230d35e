// What may be sent a second time after an upstream failed, and what may not.
import { describe, expect, it } from 'vitest';
import {
  answer,
  cutBody,
  garbage,
  refuseRate,
  resetAfterRequest,
  resetOnConnect,
  silence,
} from '../support/behaviours.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { primaryAndFallback } from '../support/line-ups.ts';

const { primary, fallback, daemon } = await primaryAndFallback({ ATTEMPT_TIMEOUT: '2s' });

describe('what may not be repeated', () => {
  it.each([
    ['is reset after it was read', resetAfterRequest()],
    ['is never answered', silence()],
    ['is answered by garbage', garbage()],
    ['is cut in its answer', cutBody('fin')],
  ])('a plain POST that %s ends with 502', async (_, behaviour) => {
    primary.use(behaviour);
    const response = await post(`${daemon.url}/pay`, 'amount=1');
    expect(response.status).toBe(502);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({ code: 'ALL_UPSTREAMS_FAILED' });
    expect([primary.requests.length, fallback.requests.length]).toEqual([1, 0]);
  });

  it('a plain POST that got 503 has its answer', async () => {
    primary.use(answer({ status: 503, body: 'half done' }));
    const response = await post(`${daemon.url}/pay`, 'amount=1');
    expect([response.status, response.text, fallback.requests.length]).toEqual([503, 'half done', 0]);
  });

  it.each(['eth_sendTransaction', 'personal_sign', 'wallet_addEthereumChain'])('%s', async (method) => {
    primary.use(resetAfterRequest());
    const response = await rpc(daemon.url, method, [{}], 9);
    expect(response.status).toBe(502);
    expect(response.reply).toMatchObject({
      id: 9,
      error: { code: -32010, data: { code: 'ALL_UPSTREAMS_FAILED' } },
    });
    expect([primary.requests.length, fallback.requests.length]).toEqual([1, 0]);
  });

  it('the call of a batch that acts, while the one that reads goes on alone', async () => {
    primary.use(resetAfterRequest());
    const batch = [
      { jsonrpc: '2.0', id: 1, method: 'eth_chainId' },
      { jsonrpc: '2.0', id: 2, method: 'eth_sendTransaction', params: [{}] },
    ];
    const response = await post(daemon.url, JSON.stringify(batch));
    expect(response.status).toBe(200);
    expect(JSON.parse(response.text)).toMatchObject([
      { id: 1, result: 'fallback' },
      { id: 2, error: { code: -32010, data: { code: 'ALL_UPSTREAMS_FAILED' } } },
    ]);
    expect(fallback.requests.map(({ body }) => body.toString())).toEqual([`[${JSON.stringify(batch[0])}]`]);
  });
});

describe('what may be repeated', () => {
  it.each([
    ['refused its connection', resetOnConnect()],
    ['was told 429', refuseRate()],
    ['was told 503 with Retry-After', answer({ status: 503, headers: [['Retry-After', '1']] })],
  ])('a plain POST and a transaction to be signed that %s', async (name, behaviour) => {
    if (name.startsWith('refused')) await primary.close();
    primary.use(behaviour);
    const plain = await post(`${daemon.url}/pay`, 'amount=1');
    const signing = await rpc(daemon.url, 'eth_sendTransaction', [{}]);
    if (name.startsWith('refused')) await primary.listenAgain();
    expect([plain.text, signing.reply.result]).toEqual(['fallback', 'fallback']);
    expect(fallback.requests[0]?.body.toString()).toBe('amount=1');
  });

  it.each(['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'])('%s, after it was sent', async (method) => {
    primary.use(resetAfterRequest());
    const body = method === 'PUT' ? 'whole' : undefined;
    const response = await http(`${daemon.url}/x`, { method, ...(body ? { body } : {}) });
    expect(response.status).toBe(200);
    expect(fallback.requests[0]?.body.toString()).toBe(body ?? '');
  });

  it('eth_sendRawTransaction, after it was sent', async () => {
    primary.use(resetAfterRequest());
    expect((await rpc(daemon.url, 'eth_sendRawTransaction', ['0x02f8'])).reply.result).toBe('fallback');
  });

  it.each([60, 900_000])('a call of %i bytes goes out again byte for byte', async (size) => {
    const call = Buffer.from(
      `{"id":1,"jsonrpc":"2.0","method":"eth_call","params":["${'\u00e9\ud83e\udd80'}`,
    );
    const body = Buffer.concat([
      call,
      Buffer.alloc(Math.max(0, size - call.length - 3), 'z'),
      Buffer.from('"]}'),
    ]);
    primary.use(resetAfterRequest());
    expect((await post(daemon.url, body)).status).toBe(200);
    expect(primary.requests[0]?.body.equals(body)).toBe(true);
    expect(fallback.requests[0]?.body.equals(body)).toBe(true);
  });
});
