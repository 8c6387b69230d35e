import { describe, expect, it } from 'vitest';
import { roundRobin } from '../../src/strategies/round-robin.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { firsts, makeUpstreams, orderOf, word } from './draws.ts';

const make = () => roundRobin({ random: seededRandom(1), clock: new ManualClock() });
const [a, b, c, d] = makeUpstreams('abcd');
const list = (...upstreams: (typeof a)[]) => upstreams.filter((upstream) => upstream !== undefined);

describe('round-robin', () => {
  it('turns the list by one for each call', () => {
    const strategy = make();
    const orders = Array.from({ length: 5 }, () => word(orderOf(strategy, list(a, b, c))));
    expect(orders).toEqual(['abc', 'bca', 'cab', 'abc', 'bca']);
  });

  it('alternates exactly between two, whatever their weights', () => {
    expect(firsts(make(), makeUpstreams('ab', [9, 1]), 8)).toBe('abababab');
  });

  it('goes on with the next one when the last first one is gone', () => {
    const strategy = make();
    expect(firsts(strategy, list(a, b, c, d), 2)).toBe('ab');
    expect(firsts(strategy, list(a, c, d), 4)).toBe('cdac');
    expect(firsts(strategy, list(a, d), 3)).toBe('dad');
    expect(firsts(strategy, list(a), 2)).toBe('aa');
    expect(firsts(strategy, list(b, c), 3)).toBe('bcb');
  });

  it('begins anew when the last in the list was first and is gone', () => {
    const strategy = make();
    expect(firsts(strategy, list(a, b, c), 3)).toBe('abc');
    expect(firsts(strategy, list(a, b), 3)).toBe('aba');
  });

  it('passes nobody over and serves nobody twice when another one comes or goes', () => {
    const strategy = make();
    expect(firsts(strategy, list(a, b, c), 2)).toBe('ab');
    expect(firsts(strategy, list(b, c), 1)).toBe('c');
    expect(firsts(strategy, list(a, b, c), 1)).toBe('a');
    expect(firsts(strategy, list(d, a, b, c), 4)).toBe('bcda');
  });

  it('goes on after a moment in which nobody was usable', () => {
    const strategy = make();
    expect(firsts(strategy, list(a, b, c), 2)).toBe('ab');
    expect(orderOf(strategy, [])).toEqual([]);
    expect(firsts(strategy, list(a, b, c), 3)).toBe('cab');
  });
});
