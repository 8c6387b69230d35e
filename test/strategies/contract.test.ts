import { describe, expect, it } from 'vitest';
import { STRATEGY_NAMES, strategies } from '../../src/strategies/index.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { listOf, makeUpstreams, orderOf, shares, word } from './draws.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

function make(name: string, seed = 1): Strategy {
  const factory = strategies[name];
  if (!factory) throw new Error(`no strategy ${name}`);
  return factory({ random: seededRandom(seed), clock: new ManualClock() });
}

const sorted = (upstreams: readonly Upstream[]) => [...word(upstreams)].sort().join('');

describe.each(STRATEGY_NAMES)('every strategy: %s', (name) => {
  it('gives an empty order of nobody', () => {
    expect(orderOf(make(name), [])).toEqual([]);
  });

  it('gives the one of one', () => {
    const upstreams = makeUpstreams('a');
    const strategy = make(name);
    for (let i = 0; i < 3; i++) expect(orderOf(strategy, upstreams)).toEqual(upstreams);
  });

  it('gives a permutation and leaves its input untouched, whatever comes and goes', () => {
    const anyList = fc.shuffledSubarray([...LETTERS]);
    const anyNumbers = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 26, maxLength: 26 });
    fc.assert(
      fc.property(fc.array(anyList, { maxLength: 8 }), anyNumbers, anyNumbers, (lists, weights, loads) => {
        const strategy = make(name);
        const all = makeUpstreams(LETTERS, weights);
        for (const list of lists) {
          const upstreams = all.filter(({ name: letter }) => list.includes(letter));
          for (const upstream of upstreams) upstream.inFlight = loads[LETTERS.indexOf(upstream.name)] ?? 0;
          const before = word(upstreams);
          const order = orderOf(strategy, upstreams);
          expect(word(upstreams)).toBe(before);
          expect(sorted(order)).toBe(before);
          for (const upstream of order.slice(0, 3)) strategy.observe?.(upstream, upstream.weight);
        }
      }),
    );
  });

  it('gives orders that are independent of each other, whatever happens while they are in use', () => {
    const strategy = make(name);
    const upstreams = makeUpstreams('abcdefg', [3, 1, 2, 1, 1, 5, 1]);
    const orders = Array.from({ length: 5 }, () => strategy.order(upstreams));
    const given = orders.map((): Upstream[] => []);
    for (let turn = 0; turn < 7; turn++) {
      orders.forEach((order, i) => {
        const upstream = order.next();
        if (!upstream) return;
        upstream.inFlight += 1;
        strategy.observe?.(upstream, 1 + ((turn * 7 + i) % 5));
        given[i]?.push(upstream);
      });
      strategy.order(upstreams.slice(turn)).next();
    }
    for (const list of given) expect(sorted(list)).toBe('abcdefg');
  });

  it('has nothing more to give after the end of an order', () => {
    const order = make(name).order(makeUpstreams('abc'));
    expect(listOf(order)).toHaveLength(3);
    expect([order.next(), order.next()]).toEqual([undefined, undefined]);
  });

  it('gives each of 300 its place', () => {
    const weights = Array.from({ length: 300 }, (_, i) => 1 + (i % 7));
    const upstreams = makeUpstreams('a'.repeat(300), weights);
    const strategy = make(name);
    for (let i = 0; i < 5; i++) expect(new Set(orderOf(strategy, upstreams)).size).toBe(300);
    for (let i = 0; i < 5; i++) expect(new Set(orderOf(strategy, upstreams.slice(0, 100))).size).toBe(100);
  });

  it.each(['abcde', 'edcba', 'cabed'])('is fair at each place when all are alike, given %s', (names) => {
    const counted = shares(make(name, 42), makeUpstreams(names), 5_000);
    // Five standard deviations of 5,000 draws of one in five.
    for (const places of Object.values(counted)) {
      for (const share of places) expect(Math.abs(share - 0.2)).toBeLessThan(0.0283);
    }
  });
});

describe('the table of strategies', () => {
  it('holds the names that settings allow', () => {
    expect(STRATEGY_NAMES).toEqual([
      'shuffle',
      'random',
      'round-robin',
      'weighted-round-robin',
      'least-connections',
      'peak-ewma',
    ]);
    const [shuffle, random] = ['shuffle', 'random'].map((name) => strategies[name]);
    expect(random).toBe(shuffle);
  });

  it('holds nothing that it did not get', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(strategies[name]).toBeUndefined();
    }
  });
});
