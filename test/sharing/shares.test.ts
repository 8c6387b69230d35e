import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fairShares, SILENT, wholeShares } from '../../src/sharing/shares.ts';

const wanted = fc.uniqueArray(
  fc.tuple(
    fc.string({ minLength: 1, maxLength: 4 }),
    fc.oneof(fc.constant(0), fc.double({ min: 0, max: 500, noNaN: true })),
  ),
  { minLength: 1, maxLength: 12, selector: ([who]) => who },
);
const totals = fc.double({ min: 0.01, max: 1_000, noNaN: true });

const sumOf = (shares: ReadonlyMap<string, number>) =>
  [...shares.values()].reduce((sum, each) => sum + each, 0);

describe('fair shares', () => {
  it('give each what it wants where there is enough, and divide the rest evenly', () => {
    const shares = fairShares(
      new Map([
        ['a', 10],
        ['b', 20],
        ['c', 0],
      ]),
      60,
    );
    expect([...shares.keys()].sort()).toEqual(['a', 'b', 'c']);
    expect(shares.get('a')).toBeCloseTo(19.8, 6);
    expect(shares.get('b')).toBeCloseTo(29.8, 6);
    expect(shares.get('c')).toBeCloseTo(10.4, 6);
  });

  it('give those who want more than there is as much as each other, and the others what they want', () => {
    const shares = fairShares(
      new Map([
        ['a', 80],
        ['b', 200],
        ['c', 10],
      ]),
      100,
    );
    expect([...shares].map(([who, share]) => [who, Math.round(share * 1e6) / 1e6])).toEqual([
      ['c', 10],
      ['a', 45],
      ['b', 45],
    ]);
  });

  it('give one who wants nothing so much that it can begin', () => {
    expect(
      fairShares(
        new Map([
          ['a', 500],
          ['b', 0],
        ]),
        100,
      ).get('b'),
    ).toBeCloseTo(1, 6);
  });

  it('are the same in whatever order they are asked for, and never more than there is', () => {
    fc.assert(
      fc.property(wanted, totals, fc.integer(), (claims, total, turn) => {
        const shares = fairShares(new Map(claims), total);
        const at = Math.abs(turn) % claims.length;
        const turned = [...claims.slice(at), ...claims.slice(0, at)].reverse();
        expect(fairShares(new Map(turned), total)).toEqual(shares);
        expect(sumOf(shares)).toBeLessThanOrEqual(total);
        expect(sumOf(shares)).toBeGreaterThan(0.999_999 * total);
        for (const share of shares.values()) expect(share).toBeGreaterThan(0);
      }),
    );
  });

  it('leave nobody with less than another one who wants no more', () => {
    fc.assert(
      fc.property(wanted, totals, (claims, total) => {
        const shares = fairShares(new Map(claims), total);
        for (const [one, want] of claims)
          for (const [other, less] of claims)
            if (want >= less) expect(shares.get(one)).toBeGreaterThanOrEqual((shares.get(other) ?? 0) - 1e-9);
      }),
    );
  });
});

describe('fair shares in whole calls', () => {
  const callsOf = (wants: readonly number[], count: number, total: number) => {
    const shares = wholeShares(new Map(wants.map((want, i) => [`${i}`, want])), count, total);
    const calls = [...shares].map(([who, share]): [string, number] => [
      who,
      Math.round(share * total * 1e6) / 1e6,
    ]);
    return calls.sort(([a], [b]) => (a < b ? -1 : 1));
  };

  it('are 3, 3, 2 and 2 of ten for four who want all', () => {
    const calls = callsOf([10, 10, 10, 10], 4, 10).map(([, each]) => each);
    expect(calls).toEqual([3, 3, 2, 2]);
  });

  it('leave a call to each who wants nothing, unless that is much of it', () => {
    expect(callsOf([40, 0], 2, 40)).toEqual([
      ['0', 39],
      ['1', 1],
    ]);
    expect(callsOf([10, 0], 2, 10)).toEqual([
      ['0', 10],
      ['1', 0],
    ]);
    expect(callsOf([40], 3, 40)).toEqual(expect.arrayContaining([[SILENT, 1]]));
  });

  it('are never more than there is, and parts of a call where there is not one for each', () => {
    fc.assert(
      fc.property(wanted, fc.nat({ max: 12 }), totals, (wants, more, total) => {
        const shares = wholeShares(new Map(wants), wants.length + more, total);
        const sum = wants.reduce((all, [who]) => all + (shares.get(who) ?? 0), 0);
        expect(sum + more * (shares.get(SILENT) ?? 0)).toBeLessThanOrEqual(1 + 1e-9);
      }),
    );
    for (const [, calls] of callsOf([2, 2, 2, 2], 4, 2)) expect(calls).toBeCloseTo(0.5, 6);
  });
});
