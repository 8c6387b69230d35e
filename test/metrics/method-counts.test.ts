import { describe, expect, it } from 'vitest';
import { REQUEST_RESULTS, type RequestResult } from '../../src/events.ts';
import { METHOD_SERIES, MethodCounts } from '../../src/metrics/method-counts.ts';
import { KNOWN_METHODS, knownMethod } from '../../src/rpc/known-methods.ts';
import { WELL_KNOWN_METHODS } from '../../src/rpc/method-kinds.ts';
import { KNOWN_READS, SIGNED_CALLS } from '../../src/rpc/method-names.ts';
import { fc } from '../support/properties.ts';

const known = [...new Set([...WELL_KNOWN_METHODS, ...KNOWN_READS, ...SIGNED_CALLS])];

/** All numbers by `method outcome`. */
const read = (counts: MethodCounts): Map<string, number> =>
  new Map(
    [...counts.tallies()].flatMap(([method, tally]) =>
      Object.entries(tally).map(([outcome, value]) => [`${method} ${outcome}`, value] as const),
    ),
  );
const sumOf = (numbers: Map<string, number>) => [...numbers.values()].reduce((sum, value) => sum + value, 0);
const named = (counts: MethodCounts) => [...counts.tallies()].map(([method]) => method);

function times(
  counts: MethodCounts,
  method: string,
  count: number,
  result: RequestResult = 'answered',
): void {
  for (let n = 0; n < count; n += 1) counts.count(method, result);
}

describe('requests by method', () => {
  it('have a series for each known method that was used, and one for all others', () => {
    const counts = new MethodCounts();
    expect(named(counts)).toEqual(['other']);
    times(counts, 'eth_call', 3);
    times(counts, 'eth_odd', 2, 'failed');
    times(counts, 'batch', 1);
    counts.count(undefined, 'answered');
    expect(named(counts)).toEqual(['eth_call', 'batch', 'other']);
    const numbers = read(counts);
    expect(numbers.get('eth_call answered')).toBe(3);
    expect(numbers.get('other failed')).toBe(2);
    expect(sumOf(numbers)).toBe(6);
  });

  it('never have more series than that, whatever clients send', () => {
    const counts = new MethodCounts();
    for (let n = 0; n < 5_000; n += 1) counts.count(`eth_get${n}`, 'answered');
    expect(named(counts)).toEqual(['other']);
    for (const method of known) times(counts, method, 2);
    expect(known.length).toBeGreaterThan(METHOD_SERIES);
    expect(named(counts)).toHaveLength(METHOD_SERIES + 1);
    expect(sumOf(read(counts))).toBe(5_000 + 2 * known.length);
  });

  it('give a series to a method that is used twice as often as the least used one that has one', () => {
    const counts = new MethodCounts();
    const [first = '', ...rest] = known.slice(0, METHOD_SERIES);
    const late = known[METHOD_SERIES] ?? '';
    times(counts, first, 5);
    for (const method of rest) times(counts, method, 20);
    times(counts, late, 10);
    expect(named(counts)).not.toContain(late);
    times(counts, late, 1);
    expect(named(counts)).toContain(late);
    expect(named(counts)).not.toContain(first);
    times(counts, late, 4);
    const numbers = read(counts);
    // Those before it had a series stay among the others: a counter never falls.
    expect([numbers.get(`${late} answered`), numbers.get('other answered')]).toEqual([4, 11]);
    times(counts, first, 50);
    read(counts);
    times(counts, first, 1);
    // It goes on where it was.
    expect(read(counts).get(`${first} answered`)).toBe(6);
    // All but the four of the method that has none any more.
    expect(sumOf(read(counts))).toBe(5 + 49 * 20 + 15 + 51 - 4);
  });

  it('only ever grow, and together are all requests', () => {
    const method = fc.constantFrom(...known.slice(0, METHOD_SERIES + 20), 'eth_odd', 'batch');
    const used = fc.tuple(method, fc.constantFrom(...REQUEST_RESULTS), fc.integer({ min: 1, max: 30 }));
    fc.assert(
      fc.property(fc.array(used, { maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (uses, every) => {
        const counts = new MethodCounts();
        const last = new Map<string, number>();
        let all = 0;
        uses.forEach(([name, result, count], index) => {
          times(counts, name, count, result);
          all += count;
          if (index % every !== 0) return;
          const now = read(counts);
          for (const [key, value] of now) {
            expect(value).toBeGreaterThanOrEqual(last.get(key) ?? 0);
            last.set(key, value);
          }
        });
        read(counts);
        expect(sumOf(new Map([...last, ...read(counts)]))).toBe(all);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a known method', () => {
  it('is one of a closed set, that of all names in the lists', () => {
    expect(known.filter((method) => knownMethod(method) !== method)).toEqual([]);
    expect(KNOWN_METHODS).toBeLessThan(500);
  });

  it.each(['eth_call', 'eth_sendRawTransaction', 'eth_newFilter', 'eth_getLogs', 'getSlot'])(
    '%s is',
    (name) => {
      expect(knownMethod(name)).toBe(name);
    },
  );

  it.each(['', 'eth_getOdd', 'ETH_CALL', 'batch', 'other', '__proto__', 'constructor'])(
    '%j is not',
    (name) => {
      expect(knownMethod(name)).toBeUndefined();
    },
  );
});
