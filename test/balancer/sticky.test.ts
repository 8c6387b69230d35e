// What a client's calls staying with its upstream means for one race. Time stands still until it is moved.

import { beforeAll, describe, expect, it } from 'vitest';
import { Exchange } from '../../src/balancer/exchange.ts';
import { candidateSource } from '../../src/balancer/sticky.ts';
import { ANYBODY } from '../../src/clients/client.ts';
import { kindOfKey, latencyKeyOf } from '../../src/rpc/method-kinds.ts';
import { hashOf } from '../../src/strategies/rendezvous.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { listOf } from '../strategies/draws.ts';
import { answerByLabel, silence } from '../support/behaviours.ts';
import { FakeUpstream } from '../support/fake-upstream.ts';
import { requestBytes } from '../support/raw-client.ts';
import { until, within } from '../support/waiting.ts';
import { Races } from './races.ts';

const CALL = requestBytes('POST /', [], '{"jsonrpc":"2.0","id":7,"method":"eth_chainId","params":[]}');
const KEY = latencyKeyOf('eth_chainId');
const KIND = kindOfKey(KEY);
const OTHER_KIND = KIND + 1;

let all: FakeUpstream[] = [];
beforeAll(async () => {
  all = await Promise.all(['A', 'B', 'C'].map((label) => FakeUpstream.start(label)));
});

/** Races in front of three upstreams, where calls have usually taken 20 ms, and this client's order of them. */
async function races() {
  for (const each of all) {
    each.reset();
    each.use(answerByLabel(each.label));
  }
  const made = await Races.among(
    all.map(({ url, label }) => `${url} name=${label}`),
    ['--sticky=address'],
  );
  const { speed, registry, rendezvous, runtime } = made.pool;
  for (const upstream of registry.all)
    for (let sample = 0; sample < 30; sample += 1) {
      const timing = speed?.begin(upstream, KEY, runtime.clock.monotonicMs() - 20);
      if (timing) speed?.end(timing, 'answered', runtime.clock.monotonicMs());
    }
  const order = listOf(rendezvous.primary.order(registry.all, hashOf('127.0.0.1')));
  const [own, second, third] = order;
  if (!own || !second || !third) throw new Error('three upstreams have an order of three');
  return { made, own, second, third };
}

const serverOf = ({ name }: Upstream) => {
  const server = all.find(({ label }) => label === name);
  if (!server) throw new Error(`no server ${name}`);
  return server;
};

/** Who answers a request. */
async function answeredBy(made: Races): Promise<string> {
  const { race, client } = await made.begin(CALL);
  const step = await within(race.next(), 10_000, 'a step of the race');
  race.end(undefined);
  client.leave();
  return typeof step === 'string' ? step : step.upstream.name;
}

describe('a client’s call', () => {
  it('is sent to no second upstream for the sake of speed, as long as its own is well', async () => {
    const { made, own, second, third } = await races();
    serverOf(own).use(silence());
    const { race, client } = await made.begin(CALL);
    const step = race.next();
    await serverOf(own).arrived();
    // That it is slow at something else makes no difference.
    own.slow = { isSilent: false, kinds: 1 << OTHER_KIND };
    // Less than it takes until it counts as silent.
    for (let passed = 0; passed < 200; passed += 10) made.clock.advance(10);
    expect([own, second, third].map(({ inFlight }) => inFlight)).toEqual([1, 0, 0]);
    own.slow = { isSilent: true, kinds: 0 };
    made.clock.advance(100);
    const ended = await within(step, 10_000, 'a step of the race');
    expect(typeof ended === 'string' ? ended : ended.upstream.name).toBe(second.name);
    race.end(undefined);
    client.leave();
    await until(() => own.inFlight === 0, 'the end of the first attempt');
  });

  it('is sent to a second one where its own takes many times as long as usual, since nobody else may find out', async () => {
    const { made, own, second } = await races();
    serverOf(own).use(silence());
    const { race, client } = await made.begin(CALL);
    const step = race.next();
    await serverOf(own).arrived();
    for (let passed = 0; passed < 1_100; passed += 10) made.clock.advance(10);
    const ended = await within(step, 10_000, 'a step of the race');
    expect(typeof ended === 'string' ? ended : ended.upstream.name).toBe(second.name);
    race.end(undefined);
    client.leave();
    await until(() => own.inFlight === 0, 'the end of the first attempt');
  });

  it('goes to the next while its own is slow or lags, and back afterwards', async () => {
    const { made, own, second, third } = await races();
    expect(await answeredBy(made)).toBe(own.name);
    own.slow = { isSilent: false, kinds: 1 << KIND };
    expect(await answeredBy(made)).toBe(second.name);
    second.lagging = { sinceMs: made.clock.monotonicMs() };
    expect(await answeredBy(made)).toBe(third.name);
    own.slow = undefined;
    expect(await answeredBy(made)).toBe(own.name);
  });

  it('tries a slow upstream again only if it is its own', async () => {
    const { made, own, second } = await races();
    const avoidance = made.pool.speed?.avoidance;
    /** As if as much time and as many requests had passed as come between two trials. */
    const pass = () => {
      made.clock.advance(1_000);
      for (let i = 0; i < 50; i += 1) avoidance?.nextTrial(KIND, () => undefined);
    };
    avoidance?.avoid(second, KIND);
    pass();
    expect(await answeredBy(made)).toBe(own.name);
    avoidance?.avoid(own, KIND);
    pass();
    expect(await answeredBy(made)).toBe(own.name);
    expect(second.attempts).toBe(0);
  });
});

it('a client is who has a key, or without one its address; so it is for the parts of a request', async () => {
  const { made } = await races();
  const { exchange } = await made.begin(CALL);
  const orderOf = (sticky: 'key' | 'address', name?: string) => {
    const asked = new Exchange({ ...exchange, client: { ...ANYBODY, name } });
    const pool = { ...made.pool, settings: { ...made.pool.settings, sticky } };
    const { ledger } = exchange;
    if (!ledger) throw new Error('a call has a ledger');
    const orders = [asked, asked.part(ledger)].map((each) =>
      listOf(candidateSource(each, pool).strategies.primary.order(pool.registry.all)),
    );
    expect(orders[1]).toEqual(orders[0]);
    return orders[0];
  };
  const expected = (client: string) =>
    listOf(made.pool.rendezvous.primary.order(made.pool.registry.all, hashOf(client)));
  for (const name of ['alice', 'bob', 'carol', 'dave']) {
    expect(orderOf('key', name)).toEqual(expected(name));
    expect(orderOf('address', name)).toEqual(expected('127.0.0.1'));
  }
  expect(orderOf('key')).toEqual(expected('127.0.0.1'));
  const off = { ...made.pool, settings: { ...made.pool.settings, sticky: undefined } };
  expect(candidateSource(exchange, off)).toBe(off);
});
