import { describe, expect, it } from 'vitest';
import { weightedRoundRobin } from '../../src/strategies/weighted-round-robin.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { firsts, makeUpstreams, orderOf, word } from './draws.ts';

const make = () => weightedRoundRobin({ random: seededRandom(1), clock: new ManualClock() });

describe('weighted-round-robin', () => {
  it.each<[readonly number[], string]>([
    [[5, 1, 1], 'aabacaaaabacaa'],
    [[1, 1, 1], 'abcabcabcabcab'],
    [[4, 2, 1], 'abacabaabacaba'],
    [[3, 1], 'aabaaabaaabaaa'],
    [[1, 2], 'babbabbabbabba'],
    [[1_000, 1_000], 'ababababababab'],
  ])('with weights of %j gives %s', (weights, expected) => {
    expect(firsts(make(), makeUpstreams('abc'.slice(0, weights.length), weights), 14)).toBe(expected);
  });

  it('gives the others by descending current weight', () => {
    const strategy = make();
    const upstreams = makeUpstreams('abc', [5, 1, 1]);
    const orders = Array.from({ length: 7 }, () => word(orderOf(strategy, upstreams)));
    expect(orders).toEqual(['abc', 'abc', 'bca', 'acb', 'cab', 'abc', 'abc']);
  });

  it('serves by weight whatever the order of the list', () => {
    for (const [names, weights] of [
      ['abc', [5, 1, 1]],
      ['bca', [1, 1, 5]],
      ['bac', [1, 5, 1]],
    ] as const) {
      const served = firsts(make(), makeUpstreams(names, weights), 70);
      expect([...served].filter((name) => name === 'a')).toHaveLength(50);
      expect([...served].filter((name) => name === 'b')).toHaveLength(10);
    }
  });

  it('keeps the state of those that stay when another one goes and comes back', () => {
    const strategy = make();
    const all = makeUpstreams('abc', [5, 1, 1]);
    const withoutB = all.filter(({ name }) => name !== 'b');
    expect(firsts(strategy, all, 2)).toBe('aa');
    // Now a has -4, b and c have 2: c is served before a, which had the most of all.
    expect(firsts(strategy, withoutB, 2)).toBe('ca');
    // Now a has 0, b still 2, c -2.
    expect(firsts(strategy, all, 3)).toBe('aba');
  });

  it('keeps the state of each when the same list comes in another order', () => {
    const strategy = make();
    const upstreams = makeUpstreams('abc', [5, 1, 1]);
    const turned = [...upstreams].reverse();
    let served = '';
    for (let i = 0; i < 7; i++) served += firsts(strategy, i % 2 ? turned : upstreams, 1);
    // As in the same order: b and c are equals at the third call, which has a's list.
    expect(served).toBe('aabacaa');
  });

  it('follows a weight that was changed', () => {
    const strategy = make();
    const upstreams = makeUpstreams('ab', [1, 1]);
    expect(firsts(strategy, upstreams, 4)).toBe('abab');
    const [a] = upstreams;
    if (a) a.weight = 3;
    expect(firsts(strategy, upstreams, 8)).toBe('aabaaaba');
  });

  it('serves by weight among many', () => {
    const weights = Array.from({ length: 60 }, (_, i) => 1 + (i % 3));
    const upstreams = makeUpstreams('x'.repeat(60), weights);
    const strategy = make();
    const served = new Map(upstreams.map((upstream) => [upstream, 0]));
    for (let i = 0; i < 120 * 5; i++) {
      const first = strategy.order(upstreams).next();
      if (first) served.set(first, (served.get(first) ?? 0) + 1);
    }
    for (const [upstream, times] of served) expect(times).toBe(5 * upstream.weight);
  });
});
