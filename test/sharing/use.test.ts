import { describe, expect, it } from 'vitest';
import { readUse } from '../../src/sharing/use.ts';

describe('what others tell of their use', () => {
  it('is read number by number', () => {
    const { budgets, clients, inFlight } = readUse({ budgets: { a: [5_000_000_000, 10, 12.5, 3] } });
    expect(budgets.get('a')).toEqual({ accepted: 5_000_000_000, perSecond: 10, wanted: 12.5, inFlight: 3 });
    expect([clients.size, inFlight.size]).toEqual([0, 0]);
  });

  it.each([
    [[1e308, 1, 1, 1]],
    [[1, 1e300, 1, 1]],
    [[1, 1, 1e10, 1]],
    [[1, 1, 1, -1]],
    [[1, 1, '1', 1]],
    ['1111'],
  ])('is left out where it is no number of calls: %j', (numbers) => {
    const { budgets, clients } = readUse({
      budgets: { a: numbers, b: [1, 2, 3, 4] },
      clients: { a: numbers },
    });
    expect([[...budgets.keys()], clients.size]).toEqual([['b'], 0]);
  });
});
