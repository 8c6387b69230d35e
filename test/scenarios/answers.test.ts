// The answers that the load balancer gives in its own name when no upstream gave one.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answer, resetAfterRequest, silence } from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream, releasedPort } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { itemSources, memberSources } from '../support/json-source.ts';

/** In front of a port on which nothing listens. */
let hopeless: Daemon;
let primary: FakeUpstream;
let fallback: FakeUpstream;
let daemon: Daemon;
/** As the one before, with little time for each request. */
let hurried: Daemon;

beforeAll(async () => {
  primary = await FakeUpstream.start('primary');
  fallback = await FakeUpstream.start('fallback');
  const env = { ERROR_TIME_TO_LIVE_MINUTES: '0.00002', MAX_BATCH: '3' };
  [hopeless, daemon, hurried] = await Promise.all([
    startBalancer({ primaries: [`http://127.0.0.1:${await releasedPort()}`] }),
    startBalancer({ primaries: [primary], fallbacks: [`${fallback.url} name=second`], env }),
    startBalancer({ primaries: [primary], fallbacks: [fallback], env: { REQUEST_TIMEOUT: '1s' } }),
  ]);
});

beforeEach(async () => {
  await daemon.allUsable();
  primary.reset();
  fallback.reset();
});

/** The `code` members of an error document, wherever they stand. */
function codeOf(text: string): unknown {
  // Whatever else the document holds, its codes are compared with what is expected.
  const document = JSON.parse(text) as { code?: unknown; error?: { data?: { code?: unknown } } };
  return document.error?.data?.code ?? document.code;
}

describe('to a JSON-RPC call', () => {
  it.each([
    '1',
    '123456789012345678901234567890',
    '-0',
    '1.50',
    '1e400',
    'null',
    '"abc"',
    '""',
    '"\\u00e9\\"}, \u00e9"',
  ])('the id %s comes back byte for byte', async (id) => {
    const response = await post(hopeless.url, `{"jsonrpc":"2.0","method":"eth_chainId","id": ${id} }`);
    expect(response.status).toBe(502);
    expect(response.headers['content-type']).toMatch(/^application\/json/);
    expect(memberSources(response.text).get('id')).toBe(id);
    expect(response.json()).toMatchObject({
      jsonrpc: '2.0',
      error: { code: -32010, data: { code: 'ALL_UPSTREAMS_FAILED' } },
    });
  });

  it('as curl sends it, with the content type of a form, it is a JSON-RPC error', async () => {
    const type = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await post(hopeless.url, '{"method":"eth_chainId","id":1}', type);
    expect(response.json()).toMatchObject({ id: 1, error: { code: -32010 } });
  });

  it('in a batch each item that wants an answer has its own', async () => {
    const big = '12345678901234567890';
    const items = [
      `{"id":${big},"method":"a"}`,
      '{"method":"b"}',
      '{"id":"x","method":"c"}',
      '{"id":null,"method":"d"}',
    ];
    const response = await post(hopeless.url, `[${items.join(',')}]`);
    expect(response.status).toBe(502);
    const errors = itemSources(response.text).map((item) => memberSources(item));
    expect(errors.map((error) => error.get('id'))).toEqual([big, '"x"', 'null']);
    for (const error of errors) expect(JSON.parse(error.get('error') ?? '')).toMatchObject({ code: -32010 });
  });

  it.each(['{"method":"a"}', '[{"method":"a"},{"jsonrpc":"2.0","method":"b","params":[]}]'])(
    'notifications get the status and no body: %s',
    async (body) => {
      const response = await post(hopeless.url, body);
      expect([response.status, response.text]).toEqual([502, '']);
    },
  );

  it('more calls in a batch than MAX_BATCH are refused, each by its id', async () => {
    const items = [1, 2, 3, 4].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId' }));
    const response = await post(daemon.url, JSON.stringify(items));
    expect(response.status).toBe(413);
    const error = { code: -32600, data: { code: 'BATCH_TOO_LARGE' } };
    expect(response.json()).toMatchObject([1, 2, 3, 4].map((id) => ({ id, error })));
    expect(primary.requests).toHaveLength(0);
    expect((await post(daemon.url, JSON.stringify(items.slice(1)))).status).toBe(200);
  });
});

describe('to any other request', () => {
  it.each(['GET', 'POST', 'DELETE'])('%s gets a problem document', async (method) => {
    const response = await http(`${hopeless.url}/some/where?q=1`, { method });
    expect(response.status).toBe(502);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.json()).toMatchObject({ status: 502, code: 'ALL_UPSTREAMS_FAILED' });
    expect(response.headers['x-request-id']).toMatch(/./);
  });

  it('HEAD gets the status and no body', async () => {
    const response = await http(`${hopeless.url}/x`, { method: 'HEAD' });
    expect([response.status, response.text]).toEqual([502, '']);
  });

  it('the last 5xx of an upstream is passed on', async () => {
    primary.use(answer({ status: 500, body: 'first' }));
    fallback.use(answer({ status: 503, headers: [['X-Why', 'busy']], body: 'second' }));
    const response = await http(`${daemon.url}/x`);
    expect([response.status, response.text, response.headers['x-why']]).toEqual([503, 'second', 'busy']);
    expect(response.headers['x-forwarded-server']).toBe('second');
  });

  it('a 5xx before a broken connection is not passed on', async () => {
    primary.use(answer({ status: 500, body: 'first' }));
    fallback.use(resetAfterRequest());
    const response = await http(`${daemon.url}/x`);
    expect([response.status, codeOf(response.text)]).toEqual([502, 'ALL_UPSTREAMS_FAILED']);
  });
});

describe('when the time runs out', () => {
  it.each([
    ['a JSON-RPC call', '{"jsonrpc":"2.0","id":8,"method":"eth_call"}'],
    ['any other request', 'x'],
  ])('%s gets 504 after REQUEST_TIMEOUT', async (name, body) => {
    primary.use(silence());
    const began = performance.now();
    const response = await post(hurried.url, body);
    expect(performance.now() - began).toBeGreaterThan(1_000 - 10);
    // After ATTEMPT_TIMEOUT, which is 10 s, it would be another answer.
    expect([response.status, codeOf(response.text)]).toEqual([504, 'REQUEST_TIMED_OUT']);
    if (name === 'a JSON-RPC call') {
      expect(response.json()).toMatchObject({ id: 8, error: { code: -32015 } });
    }
    await (await primary.arrived()).closed;
  });
});

it('no answer of its own names more of an upstream than its name', async () => {
  for (const text of [
    (await rpc(hopeless.url, 'a')).text,
    (await http(hopeless.url)).text,
    (await post(hopeless.url, '[{"id":1,"method":"a"}]')).text,
  ]) {
    expect(text).not.toMatch(/ECONN|at .*\.js|undici|http:\/\//);
  }
});
