// A batch is one request to one upstream; only what failed there for a reason that another can mend goes on.
import { describe, expect, it } from 'vitest';
import { answer, type Behaviour, htmlPage, resetAfterRequest } from '../support/behaviours.ts';
import type { FakeUpstream } from '../support/fake-upstream.ts';
import { post } from '../support/http-client.ts';
import { firstSecondThird } from '../support/line-ups.ts';
import { secondsAhead } from '../support/retry-after.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';

const { first, second, third, daemon } = await firstSecondThird();

const call = (id: string, method = 'eth_call') => `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;
const batchOf = (method: string, ...ids: string[]) => `[${ids.map((id) => call(id, method)).join()}]`;
const batch = (...ids: string[]) => batchOf('eth_call', ...ids);
const notification = '{"jsonrpc":"2.0","method":"eth_call"}';
const result = (id: string, value: string) => `{"jsonrpc":"2.0","id":${id},"result":"${value}"}`;
const bodies = (upstream: FakeUpstream) => upstream.requests.map(({ body }) => body.toString());
const own = (id: unknown, code: string) => ({ id, error: { data: { code } } });
/** These calls get this member, the others the label as their result. */
const except = (label: string, ids: readonly string[], member: string): Behaviour =>
  answerEach(({ id }) => (ids.includes(id) ? member : `"result":"${label}"`));

const throttled = errorMember(-32005, 'Too Many Requests');
const mendable = [
  ['rate limit', throttled],
  ['used-up plan', errorMember(-32005, 'Monthly capacity limit exceeded')],
  ['wrong key', errorMember(-32600, 'Must be authenticated!')],
  ['missing method', errorMember(-32601, 'Method not found')],
  ['missing data', errorMember(-32000, 'missing trie node 0xabc')],
  ["node's time-out", errorMember(-32000, 'execution timeout')],
  ['broken upstream', errorMember(-32603, 'Internal error')],
  ['unknown error', errorMember(-32099, 'odd')],
] as const;

describe('a batch', () => {
  it('goes to one upstream, byte for byte, and its answer comes back so', async () => {
    const text = ` [ ${call('1')} ,\n${call('"\u00e9"')},${notification}, ${call('1')}]\r\n`;
    const answers = `[${result('1', 'a')}, ${result('"\u00e9"', 'b')} ,${result('1', 'c')}] `;
    first.use(answer({ body: answers, headers: [['X-Own', 'yes']] }));
    const response = await post(daemon.url, text);
    expect([response.text, response.headers['x-own']]).toEqual([answers, 'yes']);
    expect([bodies(first), second.requests.length]).toEqual([[text], 0]);
  });

  it.each(mendable)('is mended by another upstream: %s', async (name, member) => {
    // A method of its own: a ban of it is nothing that the next test could wait for.
    const method = `x_${name.replace(/\W/g, '')}`;
    first.use(except('first', ['2', '"d"'], member));
    const response = await post(daemon.url, batchOf(method, '1', '2', '3', '"d"'));
    const expected = [result('1', 'first'), result('2', 'second'), result('3', 'first')];
    expect(response.text).toBe(`[${[...expected, result('"d"', 'second')].join()}]`);
    expect([response.status, response.headers['x-forwarded-server']]).toEqual([200, 'first, second']);
    expect(bodies(second)).toEqual([batchOf(method, '2', '"d"')]);
    expect([first.requests.length, third.requests.length]).toEqual([1, 0]);
  });

  it('is mended step by step', async () => {
    first.use(except('first', ['2', '3'], throttled));
    second.use(except('second', ['3'], throttled));
    const { text } = await post(daemon.url, batch('1', '2', '3'));
    expect(text).toBe(`[${result('1', 'first')},${result('2', 'second')},${result('3', 'third')}]`);
    expect([bodies(second), bodies(third)]).toEqual([[batch('2', '3')], [batch('3')]]);
  });

  it('keeps the answers of those that nobody can do better', async () => {
    const revert = errorMember(3, 'execution reverted', '0x');
    first.use(answerEach(({ id }) => (id === '1' ? revert : id === '2' ? throttled : '"result":null')));
    const { text } = await post(daemon.url, batch('1', '2', '3'));
    const [one, three] = ['1', '3'].map((id) => `{"jsonrpc":"2.0","id":${id},`);
    expect(text).toBe(`[${one}${revert}},${result('2', 'second')},${three}"result":null}]`);
    expect(bodies(second)).toEqual([batch('2')]);
  });

  it.each([
    ['rate limits', throttled, 'RATE_LIMITED'],
    ['broken upstreams', errorMember(-32603, 'Internal error'), 'ALL_UPSTREAMS_FAILED'],
  ])('says of a call that met only %s what it met, beside the answers', async (_, member, code) => {
    for (const upstream of [first, second, third]) upstream.use(except(upstream.label, ['2'], member));
    const response = await post(daemon.url, batch('1', '2', '3'));
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject([{ result: 'first' }, own(2, code), { result: 'first' }]);
    expect([second, third].map(bodies)).toEqual([[batch('2')], [batch('2')]]);
  });

  it.each([
    ['is refused as a mistake of the client', answer({ status: 400, body: 'no batches' })],
    ['finds no page', answer({ status: 404, body: 'nothing here' })],
    ['is cut off', resetAfterRequest()],
  ])('keeps the first answers when the rest %s', async (_, behaviour) => {
    first.use(except('first', ['2'], throttled));
    for (const upstream of [second, third]) upstream.use(behaviour);
    const response = await post(daemon.url, batch('1', '2'));
    expect(response.status).toBe(200);
    expect(response.json()).toMatchObject([{ result: 'first' }, own(2, 'ALL_UPSTREAMS_FAILED')]);
  });

  it.each([
    ['one object', answer({ body: result('1', 'x') })],
    ['one error', answer({ body: `{"id":null,${throttled}}` })],
    ['one error in an array', answer({ body: `[{"id":null,${throttled}}]` })],
    ['one error with 429', answer({ status: 429, body: `{${throttled}}` })],
    ['a page', htmlPage()],
    ['nothing', answer({})],
    ['an empty array', answer({ body: '[]' })],
    ['too few items', answer({ body: `[${result('1', 'x')}]` })],
    ['a cut array', answer({ body: `[${result('1', 'x')},${result('2', 'x')}` })],
  ])('goes on whole after %s', async (_, behaviour) => {
    first.use(behaviour);
    const { text } = await post(daemon.url, batch('1', '2'));
    expect(text).toBe(`[${result('1', 'second')},${result('2', 'second')}]`);
    expect([bodies(second), third.requests.length]).toEqual([[batch('1', '2')], 0]);
  });

  it('gets an error that speaks for all for each of its calls, after all others were asked', async () => {
    for (const upstream of [first, second, third])
      upstream.use(answer({ body: `{"id":null,${errorMember(-1, `odd ${upstream.label}`)}}` }));
    const response = await post(daemon.url, `[${call('1')},${notification},${call('"b"')}]`);
    const error = { code: -1, message: 'odd first' };
    expect(response.json()).toEqual([
      { id: 1, error },
      { id: 'b', error },
    ]);
    expect([second.requests.length, third.requests.length]).toEqual([1, 1]);
  });

  it.each([
    ['rate-limited', throttled, 429, 'RATE_LIMITED'],
    ['broken', errorMember(-32603, 'Internal error'), 502, 'ALL_UPSTREAMS_FAILED'],
  ])('is refused as a whole when every call is %s everywhere', async (_, member, status, code) => {
    for (const upstream of [first, second, third]) upstream.use(answerEach(() => member));
    const response = await post(daemon.url, `[${call('1')},${notification},${call('"b"')}]`);
    expect(response.status).toBe(status);
    expect(response.json()).toMatchObject([own(1, code), own('b', code)]);
    if (status === 429) expect(secondsAhead(response.headers['retry-after'])).toBeGreaterThan(0);
    else expect(response.headers['retry-after']).toBeUndefined();
  });
});

describe('a large batch', () => {
  const ids = Array.from({ length: 200 }, (_, index) => `${index}`);
  const tenth = (id: string) => Number(id) % 10 === 7;
  const filler = (bytes: number) => 'f'.repeat(bytes / ids.length);

  it.each([200_000, 900_000])('of %i bytes is mended', async (bytes) => {
    first.use(answerEach(({ id }) => (tenth(id) ? throttled : `"result":"${filler(bytes)}"`)));
    const { text } = await post(daemon.url, batch(...ids));
    const value = (id: string) => (tenth(id) ? 'second' : filler(bytes));
    expect(text).toBe(`[${ids.map((id) => result(id, value(id))).join()}]`);
    expect(bodies(second)).toEqual([batch(...ids.filter(tenth))]);
  });

  it('of more than 1 MiB flows through as it is', async () => {
    first.use(answerEach(({ id }) => (tenth(id) ? throttled : `"result":"${filler(1_200_000)}"`)));
    const response = await post(daemon.url, batch(...ids));
    expect(callsIn(response.body)).toHaveLength(200);
    expect([response.text.includes('Too Many Requests'), second.requests.length]).toEqual([true, 0]);
  });

  it('of more than MAX_BATCH calls is refused, each with its id', async () => {
    const many = Array.from({ length: 1_001 }, (_, index) => `"${index}"`);
    const response = await post(daemon.url, batch(...many));
    expect([response.status, first.requests.length]).toEqual([413, 0]);
    expect(response.json()).toMatchObject(many.map((id) => own(JSON.parse(id), 'BATCH_TOO_LARGE')));
    expect((await post(daemon.url, batch(...many.slice(1)))).status).toBe(200);
  });

  it('of more than twice MAX_BATCH calls is refused as a whole, which costs no more than its length', async () => {
    const response = await post(daemon.url, `[${call('1')}${',0'.repeat(500_000)}]`);
    expect([response.status, first.requests.length]).toEqual([413, 0]);
    expect(response.json()).toMatchObject(own(null, 'BATCH_TOO_LARGE'));
  });

  it('without a call in it passes, however many items it has', async () => {
    const numbers = `[${'0,'.repeat(400_000)}0]`;
    first.use(answer({ body: 'taken' }));
    expect((await post(daemon.url, numbers)).text).toBe('taken');
    expect(bodies(first)).toEqual([numbers]);
  });
});
