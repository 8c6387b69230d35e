// A second attempt beside one that takes longer than usual: when, where, and what becomes of both.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Exchange } from '../../src/balancer/exchange.ts';
import type { RaceStep } from '../../src/balancer/race.ts';
import { BATCH_KEY, HTTP_KEY, latencyKeyOf } from '../../src/rpc/method-kinds.ts';
import {
  answer,
  answerByLabel,
  answerRpc,
  type Behaviour,
  Gate,
  held,
  refuseRate,
  rpcError,
  silence,
} from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { Races } from './races.ts';

const body = (text: string, headers: string[] = []) => requestBytes('POST /', headers, text);
const call = (method: string) => body(`{"jsonrpc":"2.0","id":7,"method":"${method}","params":[]}`);
const CALL = call('eth_chainId');

let all: FakeUpstream[] = [];
beforeAll(async () => {
  all = await Promise.all(['A', 'B', 'C'].map((label) => FakeUpstream.start(label)));
});

/** Races in front of A, B and C, where each kind of call has usually taken 20 ms; all but A answer by their names. */
async function races(first: Behaviour, flags: readonly string[] = [], options = ''): Promise<Races> {
  for (const each of all) {
    each.reset();
    each.use(answerByLabel(each.label));
  }
  all[0]?.use(first);
  const listed = all.map(({ url, label }) => `${url} name=${label}${options}`);
  const made = await Races.among(listed, flags);
  const { speed, registry } = made.pool;
  const known = ['eth_chainId', 'eth_sendTransaction', 'eth_newBlockFilter', 'custom_getThing'];
  const keys = [...known, 'eth_sendRawTransaction'].map(latencyKeyOf);
  for (const upstream of registry.all)
    for (const key of [...keys, BATCH_KEY, HTTP_KEY])
      for (let sample = 0; sample < 30; sample += 1) {
        const timing = speed?.begin(upstream, key, made.clock.monotonicMs() - 20);
        if (timing) speed?.end(timing, 'answered', made.clock.monotonicMs());
      }
  return made;
}

/** The upstream whose attempt ended and how, or what else the race says. */
async function told(step: Promise<RaceStep>): Promise<string> {
  const settled = await within(step, 10_000, 'a step of the race');
  return typeof settled === 'string' ? settled : `${settled.upstream.name} ${settled.outcome.kind}`;
}

const hedges = ({ events }: Races) =>
  events.flatMap((event) => (event.type === 'hedge-finished' ? [event.result] : []));
const requests = () => all.map((each) => each.requests.length);

/** Begins a request whose first attempt has arrived at A. */
async function begun(made: Races, bytes: Buffer) {
  const { race, client, exchange } = await made.begin(bytes);
  const step = race.next();
  await all[0]?.arrived();
  return { race, client, exchange, step };
}

describe('a call that takes longer than usual', () => {
  it('goes to the next upstream as well, whose answer is taken; the first is cancelled and blamed for nothing', async () => {
    const made = await races(silence());
    const { race, step } = await begun(made, CALL);
    made.clock.advance(19);
    expect(requests()).toEqual([1, 0, 0]);
    made.clock.advance(10);
    expect(await told(step)).toBe('B answered');
    race.end(undefined);
    await until(() => made.results.length === 2, 'the end of the loser');
    expect([made.results, hedges(made), requests()]).toEqual([
      ['B answered', 'A superseded'],
      ['won'],
      [1, 1, 0],
    ]);
    const { registry, quarantine } = made.pool;
    for (const each of registry.all)
      expect([each.failures, each.inFlight, quarantine.entryOf(each)]).toEqual([0, 0, undefined]);
    // Nothing goes on after the end.
    made.clock.advance(100);
    expect(made.clock.pendingTimers).toBe(0);
  });

  it('goes on to a third one no sooner than both have failed', async () => {
    const gate = new Gate();
    const made = await races(held(gate, refuseRate()));
    all[1]?.use(silence());
    const { race, step } = await begun(made, CALL);
    made.clock.advance(30);
    await all[1]?.arrived();
    made.clock.advance(3_000);
    gate.release();
    expect(await told(step)).toBe('A answered');
    const second = race.next();
    made.clock.advance(8_000);
    expect(await told(second)).toBe('B timed-out');
    expect(await told(race.next())).toBe('C answered');
    race.end(undefined);
    expect([hedges(made), requests()]).toEqual([['failed'], [1, 1, 1]]);
  });

  it('goes to a third one when both have fallen silent', async () => {
    const made = await races(silence());
    all[1]?.use(silence());
    const { race, step } = await begun(made, CALL);
    made.clock.advance(30);
    await all[1]?.arrived();
    const [a, b] = made.pool.registry.all;
    if (a) a.slow = { isSilent: true, kinds: 0 };
    made.clock.advance(500);
    expect(requests()).toEqual([1, 1, 0]);
    if (b) b.slow = { isSilent: true, kinds: 0 };
    made.clock.advance(60);
    expect(await told(step)).toBe('C answered');
    race.end(undefined);
    expect([hedges(made), requests()]).toEqual([['won'], [1, 1, 1]]);
  });

  it('is the first one’s when that answers after all', async () => {
    const gate = new Gate();
    const made = await races(held(gate, answerByLabel('A')));
    all[1]?.use(silence());
    const { race, step } = await begun(made, CALL);
    made.clock.advance(30);
    await all[1]?.arrived();
    gate.release();
    expect(await told(step)).toBe('A answered');
    race.end(undefined);
    await until(() => made.results.length === 2, 'the end of the loser');
    expect([made.results, hedges(made)]).toEqual([['A answered', 'B superseded'], ['lost']]);
  });

  it('shows its client no refusal of the second while the first may answer', async () => {
    const gate = new Gate();
    const made = await races(held(gate, answerByLabel('A')));
    all[1]?.use(refuseRate());
    const { race, exchange, step } = await begun(made, CALL);
    made.clock.advance(30);
    expect(await told(step)).toBe('B answered');
    const second = race.next();
    gate.release();
    expect(await told(second)).toBe('A answered');
    expect(exchange.ledger?.entries[0]?.answer?.upstream?.name).toBe('A');
    expect([hedges(made), requests()]).toEqual([['lost'], [1, 1, 0]]);
  });

  it('ends with its client, both attempts', async () => {
    const made = await races(silence());
    all[1]?.use(silence());
    const { race, client, step } = await begun(made, CALL);
    made.clock.advance(30);
    const second = await all[1]?.arrived();
    client.leave();
    expect(await told(step)).toBe('A client-left');
    expect(await told(race.next())).toBe('B client-left');
    await second?.closed;
    expect(hedges(made)).toEqual(['client-left']);
  });

  it('of a batch is put together of what both say', async () => {
    const gate = new Gate();
    const made = await races(held(gate, answerRpc({ eth_chainId: '0xA', eth_gasPrice: '0xA' })));
    all[1]?.use(rpcError({ code: 429, message: 'Too many requests' }));
    const batch =
      '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"eth_gasPrice"}]';
    const { race, exchange, step } = await begun(made, body(batch));
    made.clock.advance(30);
    expect(await told(step)).toBe('B answered');
    const second = race.next();
    gate.release();
    expect(await told(second)).toBe('A answered');
    expect(exchange.ledger?.entries.map(({ answer: item }) => item?.upstream?.name)).toEqual(['A', 'A']);
    expect(requests()).toEqual([1, 1, 0]);
  });

  it('and fails at the first is watched at the next', async () => {
    const made = await races(refuseRate());
    all[1]?.use(silence());
    const { race, step } = await begun(made, CALL);
    expect(await told(step)).toBe('A answered');
    const second = race.next();
    await all[1]?.arrived();
    made.clock.advance(30);
    expect(await told(second)).toBe('C answered');
    race.end(undefined);
    expect([hedges(made), requests()]).toEqual([['won'], [1, 1, 1]]);
  });
});

describe('what the second says and the client can be to blame for', () => {
  const rpcResult = (result: unknown) => answerRpc({ eth_chainId: result, eth_gasPrice: result });
  const notFound = answer({ status: 404, body: 'none' });
  const pair =
    '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"eth_gasPrice"}]';
  const refusals = [
    ['a revert', CALL, rpcError({ code: 3, message: 'execution reverted', data: '0x' })],
    ['a revert in old words', CALL, rpcError({ code: -32_000, message: 'execution reverted' })],
    ['invalid params', CALL, rpcError({ code: -32_602, message: 'invalid argument 0' })],
    ['null', CALL, rpcResult(null)],
    ['null in a batch', body(pair), answerRpc({ eth_chainId: '0x1', eth_gasPrice: null })],
    ['404', requestBytes('GET /path'), notFound],
    ['400', requestBytes('GET /path'), answer({ status: 400 })],
    ['a 404 that streams', requestBytes('GET /path'), answer({ status: 404, body: 'x'.repeat(3e6) })],
  ] as const;

  /** A is under way, and B has refused. */
  async function refusedBySecond(bytes: Buffer, refusal: Behaviour, first: Behaviour) {
    const gate = new Gate();
    const made = await races(held(gate, first));
    all[1]?.use(refusal);
    const begin = await begun(made, bytes);
    made.clock.advance(30);
    await until(() => made.pool.registry.all[1]?.answeredMs === made.clock.monotonicMs(), 'the refusal');
    return { made, gate, ...begin };
  }

  /** Who has answered the calls, or the request. */
  function answeredBy(exchange: Exchange, step: RaceStep): string {
    if (exchange.ledger) return exchange.ledger.entries.map(({ answer: a }) => a?.upstream?.name).join('');
    return typeof step === 'string' ? step : step.upstream.name;
  }

  it.each(refusals)('is not told when the first one has a better answer: %s', async (_, bytes, refusal) => {
    const isRpc = bytes.includes('jsonrpc');
    const first = isRpc ? rpcResult('0xA') : answerByLabel('A');
    const { made, gate, race, exchange, step } = await refusedBySecond(bytes, refusal, first);
    gate.release();
    const answered = answeredBy(exchange, await within(step, 10_000, 'a step'));
    race.end(undefined);
    await until(() => made.pool.registry.all.every(({ inFlight }) => inFlight === 0), 'the end of both');
    // Of the batch only what was null.
    expect(answered).toBe(bytes.includes(pair) ? 'BA' : 'A');
    expect([hedges(made), requests()]).toEqual([['lost'], [1, 1, 0]]);
  });

  it.each(refusals)('is told when the first one fails: %s', async (_, bytes, refusal) => {
    const { made, gate, race, exchange, step } = await refusedBySecond(bytes, refusal, refuseRate());
    gate.release();
    expect(answeredBy(exchange, await within(step, 10_000, 'a step'))).toMatch(/^B+$/);
    race.end(undefined);
    expect([hedges(made), requests()]).toEqual([['won'], [1, 1, 0]]);
  });

  it('is told after 2 s when the first one says nothing', async () => {
    const revert = rpcError({ code: 3, message: 'execution reverted' });
    const { made, race, exchange, step } = await refusedBySecond(CALL, revert, silence());
    let isTold = false;
    void step.then(() => {
      isTold = true;
    });
    made.clock.advance(1_990);
    await new Promise(setImmediate);
    expect(isTold).toBe(false);
    made.clock.advance(20);
    expect(answeredBy(exchange, await within(step, 1_000, 'a step'))).toBe('B');
    race.end(undefined);
    await until(() => made.results.length === 2, 'the end of the first');
    expect([made.results, hedges(made)]).toEqual([['B answered', 'A superseded'], ['won']]);
  });

  it('is told at once when the first one is slow and was only tried again', async () => {
    const made = await races(silence());
    const [a] = made.pool.registry.all;
    for (const each of made.pool.registry.all) each.slow = { isSilent: true, kinds: 0 };
    all[1]?.use(rpcError({ code: 3, message: 'execution reverted' }));
    const { exchange, step } = await begun(made, CALL);
    const [, b] = made.pool.registry.all;
    if (b) b.slow = undefined;
    made.clock.advance(100);
    expect([await told(step), a?.inFlight]).toEqual(['B answered', 1]);
    expect(exchange.ledger?.entries[0]?.answer?.upstream?.name).toBe('B');
  });

  it('is nobody’s any more when the client has left', async () => {
    const { made, client, race, step } = await refusedBySecond(
      requestBytes('GET /path'),
      answer({ status: 404, body: 'x'.repeat(3e6) }),
      silence(),
    );
    client.leave();
    expect(await told(step)).toBe('A client-left');
    race.end(undefined);
    await until(() => made.pool.registry.all.every(({ inFlight }) => inFlight === 0), 'the end of both');
    expect(hedges(made)).toEqual(['client-left']);
  });
});

describe('which requests', () => {
  const isHedged = async (bytes: Buffer, flags: readonly string[] = []) => {
    const made = await races(silence(), flags);
    const { client, step } = await begun(made, bytes);
    made.clock.advance(1_000);
    const isSecond = () => all[1]?.requests.length === 1;
    // What is started is started within that moment; the connection is made a little later.
    const underWay = made.pool.registry.all.map(({ inFlight }) => inFlight);
    if (underWay[1] === 1) await until(isSecond, 'the second attempt');
    client.leave();
    await step;
    return underWay[1] === 1;
  };
  const mixed =
    '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"eth_sign"}]';

  it.each([
    ['a call that reads', CALL, true],
    ['a call of no known method that seems to read', call('custom_getThing'), true],
    ['a batch that reads', body('[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}]'), true],
    ['a GET', requestBytes('GET /path'), true],
    ['a HEAD', requestBytes('HEAD /path'), true],
    ['a signed transaction', call('eth_sendRawTransaction'), false],
    ['a call that acts', call('eth_sendTransaction'), false],
    ['a call that makes a filter', call('eth_newBlockFilter'), false],
    ['a batch of which one call acts', body(mixed), false],
    ['a notification', body('{"jsonrpc":"2.0","method":"eth_chainId"}'), false],
    ['a PUT', requestBytes('PUT /path', [], 'x'), false],
    ['a DELETE', requestBytes('DELETE /path'), false],
    ['a POST that is no JSON-RPC', body('x'), false],
    ['a GET for a stream of events', requestBytes('GET /path', ['Accept: text/event-stream']), false],
    [
      'a batch of more calls than the budget',
      body(`[${Array(11).fill('{"jsonrpc":"2.0","id":1,"method":"eth_call"}')}]`),
      false,
    ],
  ])('%s', async (_, bytes, expected) => {
    expect(await isHedged(bytes)).toBe(expected);
  });

  it.each([
    ['where HEDGE=off', '--hedge=off'],
    ['where one attempt is all that is allowed', '--max-attempts=1'],
  ])('none %s', async (_, flag) => {
    expect(await isHedged(CALL, [flag])).toBe(false);
  });

  it('after a fixed time where it is set', async () => {
    const made = await races(silence(), ['--hedge=400ms']);
    const { step } = await begun(made, CALL);
    made.clock.advance(399);
    expect(made.pool.registry.all[1]?.inFlight).toBe(0);
    made.clock.advance(10);
    expect(await told(step)).toBe('B answered');
  });

  it('none of a method that nobody has answered yet', async () => {
    for (const each of all) each.reset();
    all[0]?.use(silence());
    const made = await Races.among(all.map(({ url, label }) => `${url} name=${label}`));
    const { client, step } = await begun(made, CALL);
    made.clock.advance(5_000);
    expect(made.pool.registry.all[1]?.inFlight).toBe(0);
    client.leave();
    await step;
  });

  it('none when the others are slow, lag, or are out', async () => {
    const made = await races(silence());
    const [, b, c] = made.pool.registry.all;
    if (!b || !c) throw new Error('three upstreams');
    b.slow = { isSilent: true, kinds: 0 };
    c.lagging = { sinceMs: 0 };
    const { client, step } = await begun(made, CALL);
    made.clock.advance(1_000);
    expect([b.inFlight, c.inFlight]).toEqual([0, 0]);
    client.leave();
    await step;
  });
});

it.each([
  ['errors that are told', CALL, rpcError({ code: -32_602, message: 'invalid argument 0' })],
  ['404', requestBytes('GET /path'), answer({ status: 404 })],
])('an upstream is not quick for its %s', async (_, bytes, refusal) => {
  for (const each of all) each.reset();
  all[0]?.use(refusal);
  all[2]?.use(refusal);
  const made = await Races.among(
    all.map(({ url, label }) => `${url} name=${label}`),
    ['--hedge=off'],
  );
  for (let turn = 1; turn <= 30; turn += 1) {
    const gate = new Gate();
    all[1]?.use(held(gate, answerByLabel('B')));
    for (const each of all) {
      const { race, client } = await made.begin(bytes);
      const step = race.next();
      if (each.label === 'B') {
        await each.arrived(turn);
        made.clock.advance(90);
        gate.release();
      }
      await told(step);
      race.end(undefined);
      client.leave();
    }
  }
  // Those that refuse leave the others as they are.
  expect(made.pool.registry.all.map(({ slow }) => slow)).toEqual([undefined, undefined, undefined]);
  expect(requests()).toEqual([30, 30, 30]);
});

describe('an upstream that is slow', () => {
  it('is tried again by a request that another one answers in time if it still is', async () => {
    const made = await races(silence());
    const { speed, registry } = made.pool;
    const [a] = registry.all;
    if (!a) throw new Error('three upstreams');
    speed?.avoidance?.avoid(a, -1);
    let isWell = false;
    const ask = async () => {
      const { race } = await made.begin(CALL);
      const step = race.next();
      if (a.inFlight > 0 && !isWell) {
        await all[0]?.arrived();
        made.clock.advance(60);
      }
      const [name = ''] = (await told(step)).split(' ');
      race.end(undefined);
      return name;
    };
    const names: string[] = [];
    for (let turn = 0; turn < 60; turn += 1) {
      names.push(await ask());
      made.clock.advance(25);
    }
    // The other two in turn, and one trial that cost its client 40 ms.
    expect([names.slice(0, 4).join(''), names.includes('A'), requests()[0]]).toEqual(['BCBC', false, 1]);
    all[0]?.use(answerByLabel('A'));
    isWell = true;
    for (let turn = 0; turn < 60; turn += 1) {
      names.push(await ask());
      made.clock.advance(25);
    }
    expect(a.slow).toBeUndefined();
    expect(names.slice(-6).sort().join('')).toBe('AABBCC');
  });

  it('is asked like the others again after a minute in which no call came by that could try it', async () => {
    const made = await races(answerByLabel('A'), ['--hedge=off']);
    const [a] = made.pool.registry.all;
    if (a) made.pool.speed?.avoidance?.avoid(a, -1);
    made.clock.advance(60_000);
    const { step } = await begun(made, body('x'));
    expect([a?.slow, await told(step)]).toEqual([undefined, 'A answered']);
  });

  it('costs its client no long wait where the others are short of budget', async () => {
    for (const each of all) each.reset();
    const made = await races(silence(), [], ' account=one');
    const { speed, registry } = made.pool;
    const [a] = registry.all;
    if (!a) throw new Error('three upstreams');
    speed?.avoidance?.avoid(a, -1);
    const asked: string[] = [];
    for (let turn = 0; turn < 60 && a.inFlight === 0; turn += 1) {
      made.clock.advance(25);
      const { race } = await made.begin(CALL);
      const step = race.next();
      if (a.inFlight > 0) {
        await all[0]?.arrived();
        made.clock.advance(60);
      }
      asked.push(await told(step));
    }
    expect([a.inFlight, asked.at(-1)?.slice(1)]).toEqual([1, ' answered']);
  });

  it('answers for all when all are slow', async () => {
    const made = await races(answer({ body: '{"jsonrpc":"2.0","id":7,"result":"0x1"}' }));
    for (const each of made.pool.registry.all) each.slow = { isSilent: true, kinds: 0 };
    const { step } = await begun(made, CALL);
    expect(await told(step)).toBe('A answered');
  });
});
