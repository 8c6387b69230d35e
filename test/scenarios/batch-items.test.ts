// What a batch may hold besides calls that read: notifications, calls that act, and what is no call.
import { describe, expect, it } from 'vitest';
import {
  answer,
  type Behaviour,
  cutBody,
  htmlPage,
  refuseRate,
  resetAfterRequest,
  silence,
} from '../support/behaviours.ts';
import { startBalancer } from '../support/daemon.ts';
import type { FakeUpstream } from '../support/fake-upstream.ts';
import { post } from '../support/http-client.ts';
import { primaryAndFallback } from '../support/line-ups.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';

const { primary, fallback, daemon } = await primaryAndFallback({ ATTEMPT_TIMEOUT: '2s' });

const call = (id: string, method = 'eth_call') => `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;
const note = (method: string) => `{"jsonrpc":"2.0","method":"${method}"}`;
const result = (id: string, value: string) => `{"jsonrpc":"2.0","id":${id},"result":"${value}"}`;
const bodies = (upstream: FakeUpstream) => upstream.requests.map(({ body }) => body.toString());
const own = (id: unknown, code: string) => ({ id, error: { data: { code } } });
const throttled = errorMember(-32005, 'Too Many Requests');
const except = (ids: readonly string[], member: string): Behaviour =>
  answerEach(({ id }) => (ids.includes(id) ? member : '"result":"primary"'));

describe('notifications', () => {
  const text = `[${call('1')},${note('eth_call')},${call('2')},${note('eth_sendTransaction')}]`;
  const calls = `[${call('1')},${call('2')}]`;

  it('go along with the calls and get no answer', async () => {
    const { text: answers } = await post(daemon.url, text);
    expect(answers).toBe(`[${result('1', 'primary')},${result('2', 'primary')}]`);
    expect(bodies(primary)).toEqual([text]);
  });

  it.each([
    ['some calls were refused', except(['2'], throttled), `[${call('2')}]`],
    ['all calls were refused one by one', answerEach(() => throttled), calls],
    ['the connection was cut', resetAfterRequest(), calls],
    ['the answer was cut', cutBody('fin'), calls],
    ['no answer came', silence(), calls],
    ['a page came', htmlPage(), calls],
  ])('are not sent a second time after %s', async (_, behaviour, rest) => {
    primary.use(behaviour);
    expect((await post(daemon.url, text)).status).toBe(200);
    expect([bodies(primary), bodies(fallback)]).toEqual([[text], [rest]]);
  });

  it.each([
    ['429', refuseRate()],
    ['one rate-limit error', answer({ body: `{"id":null,${throttled}}` })],
  ])('go to the next upstream when the whole was refused with %s', async (_, behaviour) => {
    primary.use(behaviour);
    const { text: answers } = await post(daemon.url, text);
    expect(answers).toBe(`[${result('1', 'fallback')},${result('2', 'fallback')}]`);
    expect(bodies(fallback)).toEqual([text]);
  });

  it.each([
    ['a batch of them', `[${note('eth_call')},${note('eth_chainId')}]`],
    ['a single one', note('eth_call')],
  ])("%s gets the upstream's status and no body", async (_, only) => {
    for (const status of [200, 202, 204]) {
      primary.next(answer({ status }));
      const response = await post(daemon.url, only);
      expect([response.status, response.body.length]).toEqual([status, 0]);
    }
    expect([bodies(primary), fallback.requests.length]).toEqual([[only, only, only], 0]);
  });

  it.each([
    ['a batch of them', `[${note('eth_call')},${note('eth_chainId')}]`],
    ['a single one', note('eth_call')],
  ])('%s that nobody takes gets the status and no body', async (_, only) => {
    primary.use(answer({ status: 500, body: 'oops' }));
    fallback.use(refuseRate());
    const response = await post(daemon.url, only);
    expect([response.status, response.body.length]).toEqual([502, 0]);
    expect([bodies(primary), bodies(fallback)]).toEqual([[only], [only]]);
  });

  const beside = [
    ['an item that is no call', '1', own(null, 'INVALID_CALL')],
    ['a call to a filter that nobody made', call('7', 'eth_getFilterChanges'), own(7, 'FILTER_NOT_FOUND')],
  ] as const;

  it.each(beside)('are sent beside nothing but %s', async (_, item, refusal) => {
    const response = await post(daemon.url, `[${note('eth_call')},${item},${note('eth_chainId')}]`);
    expect([response.status, response.json()]).toMatchObject([200, [refusal]]);
    expect(bodies(primary)).toEqual([`[${note('eth_call')},${note('eth_chainId')}]`]);
    expect(fallback.requests.length).toBe(0);
  });

  it.each(beside)('go to the next upstream beside nothing but %s', async (_, item, refusal) => {
    primary.use(refuseRate());
    fallback.use(answer({ status: 404, body: 'no such page' }));
    const response = await post(daemon.url, `[${note('eth_call')},${item}]`);
    expect([response.status, response.json()]).toMatchObject([200, [refusal]]);
    expect([bodies(primary), bodies(fallback)]).toEqual([
      [`[${note('eth_call')}]`],
      [`[${note('eth_call')}]`],
    ]);
  });

  it('that act are not repeated when they are all there is', async () => {
    const only = `[${note('eth_call')},${note('eth_sendTransaction')}]`;
    primary.use(resetAfterRequest());
    const response = await post(daemon.url, only);
    expect([response.status, response.body.length, fallback.requests.length]).toEqual([502, 0, 0]);
  });
});

describe('a call that acts', () => {
  const send = call('"s"', 'eth_sendTransaction');
  const text = `[${call('1')},${send},${call('2')}]`;
  const times = () =>
    [...bodies(primary), ...bodies(fallback)]
      .flatMap((body) => callsIn(body))
      .filter(({ id }) => id === '"s"').length;

  it.each([
    ['its connection was cut', resetAfterRequest()],
    ['its answer was cut', cutBody('fin')],
    ['no answer came', silence()],
    ['a page came', htmlPage()],
    ['500 came', answer({ status: 500 })],
    ['one answer was missing', answer({ body: `[${result('1', 'x')},${result('2', 'x')}]` })],
    ['the upstream is broken', except(['1', '"s"', '2'], errorMember(-32603, 'Internal error'))],
  ])('is never sent twice: %s', async (_, behaviour) => {
    primary.use(behaviour);
    const response = await post(daemon.url, text);
    expect(response.json()).toMatchObject([
      { id: 1, result: 'fallback' },
      own('s', 'ALL_UPSTREAMS_FAILED'),
      { id: 2, result: 'fallback' },
    ]);
    expect([response.status, times(), bodies(fallback)]).toEqual([200, 1, [`[${call('1')},${call('2')}]`]]);
  });

  it('keeps its answer while others are mended', async () => {
    primary.use(except(['1'], throttled));
    expect((await post(daemon.url, text)).json()).toMatchObject([
      { result: 'fallback' },
      { result: 'primary' },
      { result: 'primary' },
    ]);
    expect(times()).toBe(1);
  });

  const missing = errorMember(-32000, 'header not found');
  it.each([
    ['one error', `{"jsonrpc":"2.0","id":null,${missing}}`],
    ['a bare error', '{"error":"header not found"}'],
    ['an error each', `[${['1', '"s"', '2'].map((id) => `{"jsonrpc":"2.0","id":${id},${missing}}`).join()}]`],
  ])('goes on when the whole was refused with 429, by the words of %s', async (_, body) => {
    primary.use(answer({ status: 429, headers: [['Content-Type', 'application/json']], body }));
    const response = await post(daemon.url, text);
    expect(response.json()).toMatchObject([1, 's', 2].map((id) => ({ id, result: 'fallback' })));
    expect(bodies(fallback)).toEqual([text]);
  });

  it('is not sent again after 429 where another call has a result', async () => {
    primary.use(answerEach(({ id }) => (id === '1' ? '"result":"primary"' : missing), { status: 429 }));
    expect((await post(daemon.url, text)).json()).toMatchObject([
      { result: 'primary' },
      { error: { message: 'header not found' } },
      { result: 'fallback' },
    ]);
    expect(times()).toBe(1);
  });

  it('goes on when it was refused, and its unknown error is final', async () => {
    primary.next(except(['"s"'], throttled), except(['"s"'], errorMember(-1, 'odd')));
    expect((await post(daemon.url, text)).json()).toMatchObject([{}, { result: 'fallback' }, {}]);
    expect(bodies(fallback)).toEqual([`[${send}]`]);
    await daemon.allUsable();
    expect((await post(daemon.url, text)).json()).toMatchObject([{}, { error: { message: 'odd' } }, {}]);
    expect(fallback.requests).toHaveLength(1);
  });
});

describe('what is no call', () => {
  const invalid = (id: unknown) => ({
    jsonrpc: '2.0',
    id,
    error: { code: -32600, message: 'Invalid Request', data: { code: 'INVALID_CALL' } },
  });

  it('is answered in its place, with its id or null, and not sent on', async () => {
    const text = `[7,${call('1')},{"id":"x"},{"id":2,"method":null},[${call('3')}],{},${call('4')}]`;
    const response = await post(daemon.url, text);
    expect(response.status).toBe(200);
    const at = (id: number) => ({ jsonrpc: '2.0', id, result: 'primary' });
    expect(response.json()).toEqual([
      invalid(null),
      at(1),
      invalid('x'),
      invalid(2),
      invalid(null),
      invalid(null),
      at(4),
    ]);
    expect(bodies(primary)).toEqual([`[${call('1')},${call('4')}]`]);
  });

  it.each(['[]', ' [ ]\n'])('an empty batch is one invalid request: %j', async (text) => {
    const response = await post(daemon.url, text);
    expect([response.status, response.json()]).toEqual([200, invalid(null)]);
    expect(primary.requests).toHaveLength(0);
  });

  it('is answered beside calls that nobody answers', async () => {
    for (const upstream of [primary, fallback]) upstream.use(answer({ status: 500 }));
    const response = await post(daemon.url, `[${call('1')},{"id":2}]`);
    expect(response.status).toBe(502);
    expect(response.json()).toMatchObject([own(1, 'ALL_UPSTREAMS_FAILED'), invalid(2)]);
  });
});

it('what is there when the time runs out goes to the client', async () => {
  const hasty = await startBalancer({
    primaries: [primary],
    fallbacks: [fallback],
    env: { REQUEST_TIMEOUT: '2s' },
  });
  primary.use(except(['2'], throttled));
  fallback.use(silence());
  const response = await post(hasty.url, `[${call('1')},${call('2')}]`);
  expect(response.status).toBe(200);
  expect(response.json()).toMatchObject([{ id: 1, result: 'primary' }, own(2, 'REQUEST_TIMED_OUT')]);
});
