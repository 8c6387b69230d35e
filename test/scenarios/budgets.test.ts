// Budgets of upstreams, as clients and operators see them. The clock is moved.
import { describe, expect, it } from 'vitest';
import { type RunningApp, startApp } from '../support/app.ts';
import { answer, refuseRate, rpcError } from '../support/behaviours.ts';
import type { StatsRow } from '../support/daemon.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { http, post, rpc } from '../support/http-client.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { answerEach, callsIn, errorMember } from '../support/rpc-script.ts';
import { until } from '../support/waiting.ts';

interface SetUp {
  /** Of each primary, behind its URL. */
  readonly options?: readonly string[];
  readonly withFallback?: boolean;
  readonly flags?: readonly string[];
}

async function setUp({ options = [''], withFallback = false, flags = [] }: SetUp = {}) {
  const clock = new ManualClock();
  const primaries = await Promise.all(options.map((_, index) => FakeUpstream.start(`p${index}`)));
  const fallback = await FakeUpstream.start('f');
  const running = await startApp({
    primaries: primaries.map(({ url }, index) => `${url} ${options[index]}`),
    fallbacks: withFallback ? [fallback] : [],
    flags: ['--strategy=round-robin', ...flags],
    clock,
  });
  return { ...running, clock, primaries, fallback };
}

async function rows(url: string): Promise<StatsRow[]> {
  // The fields that a test looks at it compares, whatever they hold.
  return (await http(`${url}/stats`)).json() as StatsRow[];
}

const calls = (upstreams: readonly FakeUpstream[]) => upstreams.map(({ requests }) => requests.length);

/** Until that many requests wait. */
async function waiting({ url }: RunningApp, count: number): Promise<void> {
  await until(async () => {
    const [row] = await rows(url);
    return row?.budget?.waiting === count;
  }, `${count} that wait`);
}

describe('a ceiling of calls a second', () => {
  it('lets requests wait for their turn, in order, and no longer than they may', async () => {
    const running = await setUp({ options: ['rps=2'] });
    const { url, clock, primaries } = running;
    expect((await rpc(url, 'eth_call')).reply.result).toBe('p0');
    const order: string[] = [];
    const sent = ['first', 'second'].map(async (name, index) => {
      if (index === 1) await waiting(running, 1);
      const { reply } = await rpc(url, 'eth_call', [], name);
      order.push(`${reply.id} ${reply.result}`);
    });
    await waiting(running, 2);
    expect((await rows(url))[0]?.budget).toEqual({ rps: 2, source: 'rps', used: 0.5, waiting: 2 });
    expect(calls(primaries)).toEqual([1]);
    clock.advance(501);
    await sent[0];
    expect(calls(primaries)).toEqual([2]);
    clock.advance(500);
    await Promise.all(sent);
    expect(order).toEqual(['first p0', 'second p0']);
  });

  it('holds for all of an account together', async () => {
    const running = await setUp({ options: ['rps=1 account=one', 'account=one', 'rps=1'] });
    const { url, primaries } = running;
    const replies = [];
    for (let sent = 0; sent < 2; sent += 1) replies.push((await rpc(url, 'eth_call')).reply.result);
    expect([replies, calls(primaries)]).toEqual([
      ['p0', 'p2'],
      [1, 0, 1],
    ]);
  });

  it('counts the calls of a batch', async () => {
    const running = await setUp({ options: ['rps=10'] });
    const { url, clock } = running;
    const batch = [1, 2, 3].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_call' }));
    expect((await post(url, JSON.stringify(batch))).status).toBe(200);
    const next = rpc(url, 'eth_call');
    await waiting(running, 1);
    clock.advance(250);
    await waiting(running, 1);
    clock.advance(60);
    expect((await next).reply.result).toBe('p0');
  });
});

describe('a batch of more calls than a ceiling allows in a second', () => {
  const batchOf = (count: number) => JSON.stringify(Array.from({ length: count }, (_, id) => call(id)));
  const call = (id: number) => ({ jsonrpc: '2.0', id, method: 'eth_call' });
  const sizes = ({ requests }: FakeUpstream) => requests.map(({ body }) => callsIn(body).length);
  /** Moves the clock on until all of it is there; returns for how many milliseconds. */
  const passing = async <T>(clock: ManualClock, what: Promise<T>, stepMs = 50) => {
    let passedMs = 0;
    let isThere = false;
    void what.finally(() => {
      isThere = true;
    });
    await until(() => {
      if (!isThere) clock.advance(stepMs);
      passedMs += isThere ? 0 : stepMs;
      return isThere;
    }, 'the end');
    return passedMs;
  };

  it('goes in pieces, and whoever comes later is served before the next one', async () => {
    const running = await setUp({ options: ['rps=10'] });
    const { url, clock, primaries } = running;
    primaries[0]?.use(answerEach(({ id }) => `"result":"${id}"`));
    const whole = post(url, batchOf(30));
    await waiting(running, 4);
    clock.advance(100);
    const others = [rpc(url, 'eth_call', [], 'other'), rpc(url, 'eth_call', [], 'another')];
    await waiting(running, 6);
    clock.advance(290);
    await Promise.all(others);
    expect(primaries.map(sizes)).toEqual([[2, 1, 1, 2]]);
    const restMs = await passing(clock, whole);
    expect((await whole).json()).toEqual(
      Array.from({ length: 30 }, (_, id) => ({ jsonrpc: '2.0', id, result: `${id}` })),
    );
    expect(restMs).toBeGreaterThan(2_000);
    expect(Math.max(...primaries.flatMap(sizes))).toBe(2);
  });

  it('is not kept waiting for ever by others', async () => {
    const running = await setUp({ options: ['rps=10'] });
    const { url, clock, primaries } = running;
    const echo = answerEach(({ id }) => `"result":"${id}"`);
    primaries[0]?.use(echo);
    // All the room there is goes to others, who come in time for it.
    let isOver = false;
    const others = Promise.all(
      Array.from({ length: 12 }, async () => {
        while (!isOver) await rpc(url, 'eth_call');
      }),
    );
    await waiting(running, 11);
    const passedMs = await passing(clock, post(url, batchOf(12)), 100);
    isOver = true;
    await passing(clock, others);
    expect(passedMs).toBeLessThan(15_000);
    expect(primaries.flatMap(sizes).filter((size) => size === 2)).toHaveLength(6);
  });

  it('is sent to nobody when it would take too many pieces', async () => {
    const { url, primaries, fallback } = await setUp({ options: ['rps=10'] });
    for (const body of [batchOf(1000), batchOf(1000).replaceAll(/"id":\d+,/g, '')])
      expect((await post(url, body)).status).toBe(429);
    expect((await rpc(url, 'eth_call')).reply.result).toBe('p0');
    expect([calls(primaries), calls([fallback])]).toEqual([[1], [0]]);
  });

  it('goes whole to one without a ceiling', async () => {
    const { url, primaries, fallback } = await setUp({ options: ['rps=10'], withFallback: true });
    fallback.use(answerEach(({ id }) => `"result":"${id}"`));
    expect((await post(url, batchOf(1000))).status).toBe(200);
    expect([calls(primaries), sizes(fallback)]).toEqual([[0], [1000]]);
  });
});

describe('when nobody has room', () => {
  it('a request waits, and goes to the fallback list when it has waited as long as it may', async () => {
    const running = await setUp({ options: ['rps=0.2'], withFallback: true, flags: ['--max-queue-wait=7s'] });
    const { url, clock, fallback } = running;
    await rpc(url, 'eth_call');
    const served = rpc(url, 'eth_call');
    const late = waiting(running, 1).then(() => rpc(url, 'eth_call'));
    await waiting(running, 2);
    clock.advance(5_002);
    expect((await served).reply.result).toBe('p0');
    clock.advance(1_990);
    expect(calls([fallback])).toEqual([0]);
    clock.advance(10);
    expect((await late).reply.result).toBe('f');
  });

  it('one that would wait too long goes to the fallback list at once', async () => {
    const { url } = await setUp({ options: ['rps=0.1'], withFallback: true });
    expect([(await rpc(url, 'eth_call')).reply.result, (await rpc(url, 'eth_call')).reply.result]).toEqual([
      'p0',
      'f',
    ]);
  });

  it('and there is no fallback list, it is refused with the moment of the next room', async () => {
    const { url, clock } = await setUp({ options: ['rps=0.1'] });
    await rpc(url, 'eth_call');
    const { status, reply, headers } = await rpc(url, 'eth_call');
    expect([status, reply.error]).toMatchObject([429, { code: -32005, data: { code: 'RATE_LIMITED' } }]);
    const inMs = Date.parse(String(headers['retry-after'])) - clock.wallMs();
    expect(inMs).toBeGreaterThan(9_000);
    expect(inMs).toBeLessThanOrEqual(11_000);
  });

  it('but one that fails, the client is told of the room that there will be', async () => {
    const { url, primaries } = await setUp({ options: ['rps=0.1', ''] });
    primaries[1]?.use(answer({ status: 500 }));
    await rpc(url, 'eth_call');
    const { status, headers } = await rpc(url, 'eth_call');
    expect([status, headers['retry-after']]).toEqual([429, expect.any(String)]);
  });

  it('no more than MAX_QUEUE wait', async () => {
    const running = await setUp({ options: ['rps=2'], flags: ['--max-queue=1'] });
    const { url, clock } = running;
    await rpc(url, 'eth_call');
    const waits = rpc(url, 'eth_call');
    await waiting(running, 1);
    expect((await rpc(url, 'eth_call')).status).toBe(429);
    clock.advance(501);
    expect((await waits).reply.result).toBe('p0');
  });

  it('one that leaves waits no longer', async () => {
    const running = await setUp({ options: ['rps=2'] });
    const { url } = running;
    await rpc(url, 'eth_call');
    const leaving = new AbortController();
    const left = fetch(url, {
      method: 'POST',
      body: '{"jsonrpc":"2.0","id":1,"method":"eth_call"}',
      signal: leaving.signal,
    }).catch(() => 'left');
    await waiting(running, 1);
    leaving.abort();
    expect(await left).toBe('left');
    await waiting(running, 0);
  });
});

describe('a refusal for a rate limit', () => {
  it('moves the request on at once, and takes nobody out', async () => {
    const { url, primaries } = await setUp({ options: ['', ''] });
    primaries[0]?.next(refuseRate());
    expect((await rpc(url, 'eth_call')).reply.result).toBe('p1');
    expect((await rows(url)).map(({ state }) => state)).toEqual(['usable', 'usable']);
  });

  it('of some calls of a batch counts these, and the others as accepted', async () => {
    const { url, clock, primaries } = await setUp({ options: ['', ''] });
    const refused = errorMember(-32005, 'rate limit');
    primaries[0]?.use(answerEach(({ id }) => (Number(id) < 15 ? '"result":0' : refused)));
    primaries[1]?.use(answerEach(() => '"result":1'));
    const batch = Array.from({ length: 20 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'eth_call' }));
    const replies = (await post(url, JSON.stringify(batch))).json();
    expect(replies).toMatchObject(batch.map(({ id }) => ({ id, result: id < 15 ? 0 : 1 })));
    const [budget] = (await rows(url)).map((row) => row.budget);
    expect(budget?.source).toBe('learnt');
    expect(budget?.rps).toBeGreaterThanOrEqual(15);
    clock.advance(100);
    expect((await rows(url)).map(({ state }) => state)).toEqual(['usable', 'usable']);
  });

  it('of everybody is told', async () => {
    const { url, primaries } = await setUp({ options: ['', ''] });
    for (const primary of primaries) primary.next(refuseRate());
    expect((await rpc(url, 'eth_call')).reply.error).toMatchObject({ data: { code: 'RATE_LIMITED' } });
    expect(calls(primaries)).toEqual([1, 1]);
  });

  it('that asks for a short rest is waited for when nobody else is there', async () => {
    const { url, clock, primaries } = await setUp();
    primaries[0]?.next(answer({ status: 429, headers: [['Retry-After', '1']] }));
    expect((await rpc(url, 'eth_call')).status).toBe(429);
    const waits = rpc(url, 'eth_call');
    await until(async () => (await http(`${url}/stats`)).status === 200, 'a moment');
    clock.advance(1_001);
    expect((await waits).reply.result).toBe('p0');
  });

  it('that asks for a long one is told at once', async () => {
    const { url, primaries } = await setUp();
    primaries[0]?.next(answer({ status: 429, headers: [['Retry-After', '20']] }));
    await rpc(url, 'eth_call');
    expect((await rpc(url, 'eth_call')).reply.error).toMatchObject({ data: { code: 'RATE_LIMITED' } });
    expect(calls(primaries)).toEqual([1]);
  });

  it('that asks for a long one is forgotten when an operator releases the upstream', async () => {
    const { url, adminUrl, primaries } = await setUp({ options: ['name=p'], flags: ['--admin-port=0'] });
    primaries[0]?.next(answer({ status: 429, headers: [['Retry-After', '3600']] }));
    await rpc(url, 'eth_call');
    await post(`${adminUrl}/servers/p/release`, '', { 'Content-Type': 'application/json' });
    expect((await rpc(url, 'eth_call')).reply.result).toBe('p0');
  });

  it('of a token of the client’s own changes no budget', async () => {
    const { url, primaries } = await setUp();
    for (let refused = 0; refused < 5; refused += 1) {
      primaries[0]?.next(refuseRate());
      await post(url, '{"jsonrpc":"2.0","id":1,"method":"eth_call"}', { Authorization: 'Bearer own' });
    }
    expect((await rows(url))[0]).toMatchObject({ state: 'usable', budget: null });
    expect((await rpc(url, 'eth_call')).reply.result).toBe('p0');
  });

  it('with a fixed time takes out for that time, as PACING=off does', async () => {
    const { url, primaries } = await setUp({
      options: ['', ''],
      flags: ['--error-time-to-live-minutes=1'],
    });
    primaries[0]?.next(rpcError({ code: -32005, message: 'rate limit' }));
    expect((await rpc(url, 'eth_call')).reply.result).toBe('p1');
    expect((await rows(url))[0]).toMatchObject({
      state: 'quarantined',
      reason: 'rate-limited',
      budget: null,
    });
  });
});

it('headers that tell that nothing is left are kept to', async () => {
  const { url, primaries } = await setUp({ options: ['', ''] });
  const headers: [string, string][] = [
    ['X-RateLimit-Limit', '10'],
    ['X-RateLimit-Remaining', '0'],
    ['X-RateLimit-Reset', '3'],
  ];
  primaries[0]?.use(answer({ headers, body: '{"jsonrpc":"2.0","id":1,"result":"p0"}' }));
  const replies = [];
  for (let sent = 0; sent < 4; sent += 1) replies.push((await rpc(url, 'eth_call')).reply.result);
  expect(replies).toEqual(['p0', 'p1', 'p1', 'p1']);
});

it('headers that answer a client’s own token are for that client alone', async () => {
  const { url, primaries } = await setUp({ options: [''] });
  const headers: [string, string][] = [
    ['X-RateLimit-Limit', '60'],
    ['X-RateLimit-Remaining', '0'],
    ['X-RateLimit-Reset', '300'],
    ['RateLimit-Policy', '"own";q=1;w=60'],
  ];
  primaries[0]?.next(answer({ headers }), answer({ status: 429, headers }));
  await http(`${url}/own`, { headers: { Authorization: 'Bearer own' } });
  await http(`${url}/own?api_key=own`);
  expect((await rows(url))[0]).toMatchObject({ state: 'usable', budget: null });
  expect((await rpc(url, 'eth_call')).reply.result).toBe('p0');
});
