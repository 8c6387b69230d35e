// Upstreams that really refuse large batches: first those are asked that take them, else the batch goes in pieces.
import { describe, expect, it } from 'vitest';
import { startApp } from '../support/app.ts';
import { answer, type Behaviour } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';

/** Answers batches of at most so many calls, and others with `refusal`. */
function upTo(calls: number, refusal: Behaviour): Behaviour {
  const good = answerEach(({ id }) => `"result":"of ${id.replaceAll('"', '')}"`);
  return {
    at: 'body',
    run(socket, request) {
      const isBatch = request.body.toString().startsWith('[');
      const behaviour = isBatch && callsIn(request.body).length > calls ? refusal : good;
      if (behaviour.at !== 'connect') behaviour.run(socket, request);
    },
  };
}

const oneError = (message: string, code = -32600, status = 200): Behaviour =>
  answer({
    status,
    headers: [['Content-Type', 'application/json']],
    body: `{"jsonrpc":"2.0","id":null,${errorMember(code, message)}}`,
  });
const tooMany = (limit: number) =>
  oneError(`Batch of more than ${limit} requests are not allowed on free tier`, 31, 500);

const call = (id: string, method = 'eth_call') => `{"jsonrpc":"2.0","id":${id},"method":"${method}"}`;
const note = '{"jsonrpc":"2.0","method":"eth_call"}';
const batch = (...ids: (string | number)[]) => `[${ids.map((id) => call(`${id}`)).join()}]`;
const result = (id: string | number) =>
  `{"jsonrpc":"2.0","id":${id},"result":"of ${`${id}`.replaceAll('"', '')}"}`;
const results = (...ids: (string | number)[]) => `[${ids.map(result).join()}]`;
const sizes = ({ requests }: FakeUpstream) =>
  requests.map(({ body }) => (body.toString().startsWith('[') ? callsIn(body).length : 'one'));

interface Stats {
  readonly limits: { readonly batch: number | null };
  readonly state: string;
  readonly failures: number;
}

async function balance(primaries: FakeUpstream[], fallbacks: FakeUpstream[] = []) {
  const started = await startApp({
    primaries: primaries.map(({ url }, index) => `${url} name=p${index}`),
    fallbacks: fallbacks.map(({ url }, index) => `${url} name=f${index}`),
    flags: ['--strategy=round-robin'],
    clock: new ManualClock(),
  });
  // What a test looks at it compares, whatever it holds.
  const stats = async () => (await http(`${started.url}/stats`)).json() as Stats[];
  return { ...started, stats, limits: async () => (await stats()).map(({ limits }) => limits.batch) };
}

describe('a batch that an upstream refuses for its size', () => {
  it('goes to one that takes it, with its notifications and acts; then at once', async () => {
    const small = await FakeUpstream.start('A', upTo(3, tooMany(3)));
    const large = await FakeUpstream.start('B', upTo(1_000, tooMany(1_000)));
    const { url, stats, limits } = await balance([small], [large]);
    const body = `[${call('1')},${call('2', 'eth_sendTransaction')},${note},${call('3')}]`;
    for (let times = 0; times < 2; times++) {
      const response = await post(url, body);
      expect([response.text, response.headers['x-forwarded-server']]).toEqual([results(1, 2, 3), 'f0']);
    }
    expect([sizes(small), sizes(large)]).toEqual([[4], [4, 4]]);
    expect(large.requests[0]?.body.toString()).toBe(body);
    expect(await limits()).toEqual([3, null]);
    expect((await stats()).map(({ failures, state }) => [failures, state])).toEqual([
      [0, 'usable'],
      [0, 'usable'],
    ]);
    expect((await post(url, batch(1, 2, 3))).text).toBe(results(1, 2, 3));
    expect(sizes(small)).toEqual([4, 3]);
  });

  it('goes in pieces when none takes it, in the order of the request', async () => {
    const small = await FakeUpstream.start(
      'A',
      upTo(2, oneError('batch limit 2 exceeded: 8 requests given')),
    );
    const larger = await FakeUpstream.start('B', upTo(3, tooMany(3)));
    const { url, limits } = await balance([small, larger]);
    const ids = [1, '"a"', 1, '2.0', '"é"', 5, '"a"'];
    const body = `[${ids.map((id) => call(`${id}`)).join()},${note}]`;
    expect((await post(url, body)).text).toBe(results(...ids));
    expect(sizes(small).slice(1)).toEqual([]);
    expect(sizes(larger)).toEqual([8, 3, 3, 2]);
    expect(await limits()).toEqual([2, 3]);
    expect(larger.requests.filter(({ body: sent }) => sent.includes(note))).toHaveLength(2);
  });

  it('is found out by halves where no number is said', async () => {
    const only = await FakeUpstream.start('A', upTo(3, oneError('batch too large')));
    const { url, limits } = await balance([only]);
    const ids = Array.from({ length: 20 }, (_, index) => index);
    expect((await post(url, batch(...ids))).text).toBe(results(...ids));
    const [limit = 0] = await limits();
    expect(limit === 2 || limit === 3).toBe(true);
    expect((await post(url, batch(...ids))).text).toBe(results(...ids));
    expect(await limits()).toEqual([3]);
  });

  it('is told the limit when that would take too many pieces', async () => {
    const only = await FakeUpstream.start('A', upTo(1, tooMany(1)));
    const { url } = await balance([only]);
    const ids = Array.from({ length: 101 }, (_, index) => index);
    expect((await post(url, batch(...ids.slice(1)))).text).toBe(results(...ids.slice(1)));
    only.requests.length = 0;
    const response = await post(url, batch(...ids));
    expect(response.json()).toEqual(
      ids.map((id) => ({
        jsonrpc: '2.0',
        id,
        error: { code: 31, message: 'Batch of more than 1 requests are not allowed on free tier' },
      })),
    );
    expect(sizes(only)).toEqual([101]);
  });
});

it('a refusal of a batch may have the id of its first call', async () => {
  const geth = await FakeUpstream.start('A');
  geth.use(upTo(2, answer({ body: `[{"jsonrpc":"2.0","id":1,${errorMember(-32600, 'batch too large')}}]` })));
  const { url, stats, limits } = await balance([geth]);
  expect((await post(url, batch(1, 2, 3, 4))).text).toBe(results(1, 2, 3, 4));
  expect([await limits(), sizes(geth)]).toEqual([[2], [4, 2, 2]]);
  expect((await stats())[0]).toMatchObject({ failures: 0, state: 'usable' });
});

describe('an upstream that takes no batches', () => {
  it.each<readonly [string, Behaviour]>([
    ['one object', oneError('Invalid Request')],
    [
      'an array with a single refusal',
      answer({ body: `[{"jsonrpc":"2.0","id":null,${errorMember(-32600, 'Invalid Request')}}]` }),
    ],
    [
      '405 with a page',
      answer({ status: 405, headers: [['Content-Type', 'text/html']], body: '<h1>Not allowed</h1>' }),
    ],
    ['a method that it lacks', oneError('Method not found', -32601)],
  ])('%s: others take them, and if none does it gets the calls one by one', async (_, refusal) => {
    const single = await FakeUpstream.start('A', upTo(0, refusal));
    const other = await FakeUpstream.start('B');
    other.use(upTo(10, refusal));
    const { url, stats, limits } = await balance([single], [other]);
    expect((await post(url, batch(1, 2, 3))).text).toBe(results(1, 2, 3));
    expect([sizes(single), sizes(other)]).toEqual([[3], [3]]);
    other.use(upTo(0, refusal));
    expect((await post(url, batch(1, 2, 3))).text).toBe(results(1, 2, 3));
    expect([sizes(single), sizes(other)]).toEqual([
      [3, 3, 'one', 'one', 'one'],
      [3, 3],
    ]);
    expect((await stats()).map(({ state }) => state)).toEqual(['usable', 'usable']);
    expect((await limits())[0]).toBe(1);
  });
});

it('items whose answers are too large together are asked for by themselves', async () => {
  const tooLarge = errorMember(-32003, 'response too large');
  const only = await FakeUpstream.start('A');
  only.use(upTo(1_000, tooMany(1_000)));
  only.next(answerEach(({ id }) => (id === '2' || id === '4' ? tooLarge : `"result":"of ${id}"`)));
  const { url, limits } = await balance([only]);
  expect((await post(url, batch(1, 2, 3, 4))).text).toBe(results(1, 2, 3, 4));
  expect(sizes(only)).toEqual([4, 'one', 'one']);
  expect(await limits()).toEqual([null]);
});
