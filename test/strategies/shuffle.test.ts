import { describe, expect, it } from 'vitest';
import { shuffle } from '../../src/strategies/shuffle.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { makeUpstreams, orderOf, word } from './draws.ts';

const make = (seed: number) => shuffle({ random: seededRandom(seed), clock: new ManualClock() });

function count(weights: readonly number[], times: number): Map<string, number> {
  const strategy = make(11);
  const upstreams = makeUpstreams('abc', weights);
  const counts = new Map<string, number>();
  for (let i = 0; i < times; i++) {
    const order = word(orderOf(strategy, upstreams));
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  return counts;
}

describe('shuffle', () => {
  it('gives every order as often when weights are equal', () => {
    const counts = count([4, 4, 4], 12_000);
    expect([...counts.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    // Five standard deviations.
    for (const times of counts.values()) expect(Math.abs(times - 2_000)).toBeLessThan(204);
  });

  it('draws by weight, and the next ones by weight among the others', () => {
    const counts = count([5, 3, 2], 20_000);
    const expected = {
      abc: 0.3,
      acb: 0.2,
      bac: (3 / 10 / 7) * 5,
      bca: (3 / 10 / 7) * 2,
      cab: 0.125,
      cba: 0.075,
    };
    for (const [order, share] of Object.entries(expected)) {
      expect(Math.abs((counts.get(order) ?? 0) / 20_000 - share)).toBeLessThan(0.017);
    }
  });

  it('serves one of a thousand times the weight a thousand times as often', () => {
    const strategy = make(5);
    const upstreams = makeUpstreams('ab', [1_000, 1]);
    let light = 0;
    for (let i = 0; i < 100_000; i++) if (strategy.order(upstreams).next()?.name === 'b') light++;
    expect(light).toBeGreaterThan(50);
    expect(light).toBeLessThan(150);
  });

  it('gives the same orders for the same seed', () => {
    const upstreams = makeUpstreams('abcdefg', [1, 2, 1, 2, 1, 2, 1]);
    const orders = [make(3), make(3), make(4)].map((strategy) =>
      Array.from({ length: 5 }, () => word(orderOf(strategy, upstreams))).join(),
    );
    expect(orders[0]).toBe(orders[1]);
    expect(orders[0]).not.toBe(orders[2]);
  });

  it.each([0, 1 - Number.EPSILON])('lives with a source of chance that is stuck at %d', (stuck) => {
    const strategy = shuffle({ random: () => stuck, clock: new ManualClock() });
    for (const weights of [
      [1, 1, 1],
      [3, 2, 1],
    ]) {
      expect([...word(orderOf(strategy, makeUpstreams('abc', weights)))].sort().join('')).toBe('abc');
    }
  });
});
