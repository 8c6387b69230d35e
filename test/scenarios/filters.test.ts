// A filter lives on the node that made it: whoever asks for it must reach that node, or be told that it is gone.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  refuseRate,
  resetAfterRequest,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import { type Daemon, startBalancer } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { post, rpc } from '../support/http-client.ts';
import { answerEach, callsIn } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

let upstreams: FakeUpstream[];
let daemon: Daemon;

/** Makes filters with ids of its own, and answers all else with its label. */
function node(label: string, nextId: (count: number) => string): Behaviour {
  let made = 0;
  return answerEach(({ method }) =>
    method.startsWith('eth_new') ? `"result":"${nextId(++made)}"` : `"result":"${label}"`,
  );
}

const start = (env: Record<string, string> = {}) =>
  startBalancer({
    primaries: upstreams.map(({ url, label }) => `${url} name=${label}`),
    env: { STRATEGY: 'round-robin', ...env },
  });

beforeAll(async () => {
  upstreams = await Promise.all(['a', 'b', 'c'].map((label) => FakeUpstream.start(label)));
  // Its quarantines are over before the next test asks.
  daemon = await start({ ERROR_TIME_TO_LIVE_MINUTES: '0.00002', ATTEMPT_TIMEOUT: '2s' });
});

let tests = 0;

beforeEach(async () => {
  await daemon.allUsable();
  tests++;
  for (const upstream of upstreams) {
    upstream.reset();
    upstream.use(node(upstream.label, (count) => `0x${upstream.label}${tests}${count}`));
  }
});

const makers = ['eth_newFilter', 'eth_newBlockFilter', 'eth_newPendingTransactionFilter'];
const users = ['eth_getFilterChanges', 'eth_getFilterLogs', 'eth_uninstallFilter'];
const call = (id: number, method: string, params: unknown[] = []) => ({ jsonrpc: '2.0', id, method, params });
const notFound = (id: unknown) => ({
  jsonrpc: '2.0',
  id,
  error: { code: -32000, message: 'filter not found', data: { code: 'FILTER_NOT_FOUND' } },
});
/** How often all upstreams together were asked. */
const attempts = () => upstreams.reduce((sum, { requests }) => sum + requests.length, 0);

async function makeFilter(url: string, method = 'eth_newFilter') {
  const { reply, headers } = await rpc(url, method, [{}]);
  return { id: `${reply.result}`, maker: `${headers['x-forwarded-server']}` };
}

describe('with three primaries', () => {
  it('each filter is asked for where it was made', async () => {
    const filters = [];
    for (const method of [...makers, ...makers]) filters.push(await makeFilter(daemon.url, method));
    expect(new Set(filters.map(({ maker }) => maker)).size).toBe(3);
    for (const { id, maker } of filters) {
      expect(id.slice(0, 3)).toBe(`0x${maker}`);
      for (const method of users) expect((await rpc(daemon.url, method, [id])).reply.result).toBe(maker);
    }
  });

  it('filters made in a batch are remembered, and a batch may ask for those of several nodes', async () => {
    const made = [];
    for (let count = 0; count < 3; count++) {
      const batch = [call(1, 'eth_newFilter', [{}]), call(2, 'eth_chainId')];
      // Whatever it holds instead, the comparisons below find out.
      const [filter, other] = (await post(daemon.url, JSON.stringify(batch))).json() as { result: string }[];
      made.push({ id: filter?.result, maker: other?.result });
    }
    expect(new Set(made.map(({ maker }) => maker)).size).toBe(3);
    const asked = made.map(({ id }, index) => call(index, 'eth_getFilterChanges', [id]));
    const batch = [...asked, call(7, 'eth_getFilterLogs', ['0x77']), call(8, 'eth_chainId')];
    const response = await post(daemon.url, JSON.stringify(batch));
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject([
      ...made.map(({ maker }, id) => ({ id, result: maker })),
      notFound(7),
      { id: 8, result: expect.stringMatching(/^[abc]$/) },
    ]);
    const seen = upstreams.flatMap(({ requests }) => requests.flatMap(({ body }) => callsIn(body)));
    expect(seen.filter(({ method }) => method === 'eth_getFilterChanges')).toHaveLength(3);
    expect(seen.filter(({ method }) => method === 'eth_getFilterLogs')).toHaveLength(0);
  });

  it.each(users)('an unknown filter is not found, and nobody is asked: %s', async (method) => {
    for (const params of [['0xdead'], [], {}, [1], [null]]) {
      const response = await rpc(daemon.url, method, params, 'x');
      expect([response.status, response.reply]).toEqual([200, notFound('x')]);
    }
    expect(attempts()).toBe(0);
  });

  it("a node's own word that it is gone goes to the client, and nobody else is asked", async () => {
    const { id, maker } = await makeFilter(daemon.url);
    const error = { code: -32000, message: 'filter not found' };
    upstreams.find(({ label }) => label === maker)?.use(rpcError(error));
    for (const method of users)
      expect((await rpc(daemon.url, method, [id])).reply).toEqual({ jsonrpc: '2.0', id: 1, error });
    expect(attempts()).toBe(4);
  });

  it.each([
    ['its result can not be read', '{"jsonrpc":"2.0","id":1,"result":"\\q"}'],
    ['it makes none', '{"jsonrpc":"2.0","id":1,"result":null}'],
  ])('the answer of a node is passed on although %s', async (_, body) => {
    for (const upstream of upstreams) upstream.use(answer({ body }));
    expect((await post(daemon.url, JSON.stringify(call(1, 'eth_newFilter', [{}])))).text).toBe(body);
  });
});

describe('a filter whose maker', () => {
  const expectNotFound = async (id: string, at = daemon) => {
    for (const method of users) {
      const response = await rpc(at.url, method, [id], 5);
      expect([response.status, response.reply]).toEqual([200, notFound(5)]);
    }
  };

  it.each([
    ['is dead', undefined],
    ['cuts the connection', resetAfterRequest()],
    ['is silent', silence()],
    ['answers 500', answer({ status: 500 })],
  ])('%s is not found, and nobody else is asked', async (_, behaviour) => {
    const { id, maker } = await makeFilter(daemon.url);
    const home = upstreams.find(({ label }) => label === maker);
    if (behaviour) home?.use(behaviour);
    else await home?.close();
    await expectNotFound(id);
    expect(attempts()).toBe(home?.requests.length);
    if (!behaviour) await home?.listenAgain();
  });

  it('is quarantined is not found, and found again when that is over', async () => {
    const strict = await start({ ERROR_TIME_TO_LIVE_MINUTES: '0.06' });
    const { id, maker } = await makeFilter(strict.url);
    const home = upstreams.find(({ label }) => label === maker);
    home?.next(answer({ status: 500 }));
    const state = async () => (await strict.stats()).find(({ name }) => name === maker)?.state;
    for (let count = 0; count < 3; count++) await rpc(strict.url, 'eth_chainId');
    expect(await state()).toBe('quarantined');
    const before = attempts();
    await expectNotFound(id, strict);
    expect(attempts()).toBe(before);
    await until(async () => (await state()) === 'usable', 'the end of the quarantine');
    expect((await rpc(strict.url, 'eth_getFilterChanges', [id])).reply.result).toBe(maker);
  });

  it('is quarantined for what may have passed is asked all the same', async () => {
    const forgiving = await start();
    const { id, maker } = await makeFilter(forgiving.url);
    upstreams.find(({ label }) => label === maker)?.next(answer({ status: 500 }));
    for (let count = 0; count < 3; count++) await rpc(forgiving.url, 'eth_chainId');
    expect((await forgiving.stats()).find(({ name }) => name === maker)?.state).toBe('quarantined');
    expect((await rpc(forgiving.url, 'eth_getFilterChanges', [id])).reply.result).toBe(maker);
  });

  it('is out together with all others is tried', async () => {
    const alone = await startBalancer({ primaries: upstreams.slice(0, 1) });
    const { id } = await makeFilter(alone.url);
    upstreams[0]?.next(answer({ status: 500 }));
    expect((await rpc(alone.url, 'eth_chainId')).status).toBe(502);
    expect((await rpc(alone.url, 'eth_getFilterChanges', [id])).reply.result).toBe('a');
  });
});

describe('nodes that count their filters from one', () => {
  it('never get the filter of another', async () => {
    for (const upstream of upstreams) upstream.use(node(upstream.label, (count) => `0x${count}`));
    const made = new Map<string, string>();
    for (let count = 0; count < 12; count++) {
      const { id, maker } = await makeFilter(daemon.url);
      expect(made.has(id)).toBe(false);
      made.set(id, maker);
    }
    for (const [id, maker] of made)
      expect((await rpc(daemon.url, 'eth_getFilterChanges', [id])).reply.result).toBe(maker);
  });

  it('have none to give when the one that they would is taken', async () => {
    for (const upstream of upstreams) upstream.use(node(upstream.label, () => '0xff'));
    const { maker } = await makeFilter(daemon.url);
    const home = upstreams.find(({ label }) => label === maker);
    home?.use(refuseRate());
    const response = await rpc(daemon.url, 'eth_newFilter', [{}]);
    expect([response.status, response.reply.error?.data?.code]).toEqual([502, 'ALL_UPSTREAMS_FAILED']);
  });
});
