// An id goes back to the client as the bytes it came in, whoever answers and however the upstream writes it.
import { describe, expect, it } from 'vitest';
import { answer } from '../support/behaviours.ts';
import { post } from '../support/http-client.ts';
import { itemSources, memberSources } from '../support/json-source.ts';
import { primaryAndFallback } from '../support/line-ups.ts';
import { errorMember } from '../support/rpc-script.ts';

const ids = [
  '0',
  '-0',
  '""',
  '"a\\"b\\\\c\\u00e9\\/"',
  '"\u00e9\ud83e\udd80"',
  'null',
  '1.5',
  '1.0',
  '1e2',
  '9007199254740993',
  '123456789012345678901234567890',
];
const revert = errorMember(3, 'execution reverted', '0x08c379a0');

const { primary, fallback, daemon } = await primaryAndFallback();

const call = (id: string) => `{"jsonrpc":"2.0","id":${id},"method":"eth_call"}`;
const reply = (id: string, member: string) => `{"jsonrpc":"2.0","id":${id},${member}}`;
/** As a parser that knows only doubles writes it, with escapes left out. */
const rewritten = (id: string) => JSON.stringify(JSON.parse(id));
const idOf = (text: string) => memberSources(text).get('id');

describe.each(ids)('the id %s', (id) => {
  it('comes back with a result, whether the upstream writes it as it was or not', async () => {
    expect((await post(daemon.url, call(id))).text).toBe(reply(id, '"result":"primary"'));
    primary.use(answer({ body: reply(rewritten(id), '"result":"mine"') }));
    expect((await post(daemon.url, call(id))).text).toBe(reply(id, '"result":"mine"'));
    expect(fallback.requests).toHaveLength(0);
  });

  it("comes back with an upstream's error, also when that leaves it out", async () => {
    primary.next(
      answer({ body: reply(id, revert) }),
      answer({ body: reply(rewritten(id), revert) }),
      answer({ body: reply('null', revert) }),
      answer({ body: `{"jsonrpc":"2.0",${revert}}` }),
    );
    for (const expected of [
      reply(id, revert),
      reply(id, revert),
      reply(id, revert),
      `{"id":${id},"jsonrpc":"2.0",${revert}}`,
    ]) {
      expect((await post(daemon.url, call(id))).text).toBe(expected);
    }
    expect(fallback.requests).toHaveLength(0);
  });

  it('comes back with an error of our own', async () => {
    for (const upstream of [primary, fallback]) upstream.use(answer({ status: 500 }));
    const response = await post(daemon.url, call(id));
    expect([response.status, idOf(response.text)]).toEqual([502, id]);
    expect(response.json()).toMatchObject({ error: { data: { code: 'ALL_UPSTREAMS_FAILED' } } });
  });
});

describe('a batch with all of them', () => {
  const batch = `[${ids.map(call).join(' , ')}]`;
  const expected = `[${ids.map((id) => reply(id, '"result":"mine"')).join()}]`;

  it.each([
    ['as they were', ids],
    ['as they were, the other way round', [...ids].reverse()],
    ['in its own way', ids.map(rewritten)],
    ['in its own way and the other way round', ids.map(rewritten).reverse()],
  ])('gets them back when the upstream writes them %s', async (_, written) => {
    primary.use(answer({ body: `[${written.map((id) => reply(id, '"result":"mine"')).join()}]` }));
    expect((await post(daemon.url, batch)).text).toBe(expected);
    expect(fallback.requests).toHaveLength(0);
  });

  it('gets them back when one error speaks for all', async () => {
    for (const upstream of [primary, fallback]) upstream.use(answer({ body: reply('null', revert) }));
    const { text } = await post(daemon.url, batch);
    expect(itemSources(text)).toEqual(ids.map((id) => reply(id, revert)));
  });

  it.each([
    ['no upstream answers', () => answer({ status: 500 }), 502, 'ALL_UPSTREAMS_FAILED'],
    ['all upstreams are rate-limited', () => answer({ status: 429 }), 429, 'RATE_LIMITED'],
  ])('gets them back when %s', async (_, behaviour, status, code) => {
    for (const upstream of [primary, fallback]) upstream.use(behaviour());
    const response = await post(daemon.url, batch);
    expect([response.status, itemSources(response.text).map(idOf)]).toEqual([status, ids]);
    expect(response.json()).toMatchObject(ids.map(() => ({ error: { data: { code } } })));
  });
});

describe('another id', () => {
  it.each([
    ['0', 'null'],
    ['0', '"0"'],
    ['""', 'null'],
    ['null', '""'],
    ['1', '1.5'],
    ['"\u00e9"', '"e"'],
    ['9007199254740993', '9007199254740999'],
  ])('to the call with the id %s, %s, is no answer', async (id, other) => {
    primary.use(answer({ body: reply(other, '"result":"foreign"') }));
    expect((await post(daemon.url, call(id))).text).toBe(reply(id, '"result":"fallback"'));
  });

  it('blames nobody where the client wrote two', async () => {
    const failures = async () => (await daemon.stats()).map((row) => row.failures);
    const before = await failures();
    for (const upstream of [primary, fallback])
      upstream.use(answer({ body: reply('2', '"result":"foreign"') }));
    const response = await post(daemon.url, '{"jsonrpc":"2.0","ID":2,"id":1,"method":"eth_call"}');
    expect([response.status, idOf(response.text)]).toEqual([502, '1']);
    expect(await failures()).toEqual(before);
    expect([primary.requests.length, fallback.requests.length]).toEqual([1, 0]);
  });
});
