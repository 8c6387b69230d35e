import { describe, expect, it } from 'vitest';
import { leastConnections } from '../../src/strategies/least-connections.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { listOf, makeUpstreams, orderOf, shares, word } from './draws.ts';

const make = (seed = 1) => leastConnections({ random: seededRandom(seed), clock: new ManualClock() });

function loaded(names: string, inFlight: Record<string, number>, weights: readonly number[] = []) {
  const upstreams = makeUpstreams(names, weights);
  for (const upstream of upstreams) upstream.inFlight = inFlight[upstream.name] ?? 0;
  return upstreams;
}

describe('least-connections', () => {
  it.each(['abcd', 'dcba', 'bdac'])('gives the least loaded first, given %s', (names) => {
    expect(word(orderOf(make(), loaded(names, { a: 3, b: 0, c: 7, d: 1 })))).toBe('bdac');
  });

  it('counts attempts in flight per weight', () => {
    expect(word(orderOf(make(), loaded('abc', { a: 4, b: 9, c: 3 }, [2, 10, 1])))).toBe('bac');
  });

  it.each(['abc', 'acb', 'bac', 'bca', 'cab', 'cba'])('leaves equals to chance, given %s', (names) => {
    // 2/1 and 4/2 are equals, and c is not one of them, wherever it stands in the list.
    const weights = [...names].map((name) => (name === 'b' ? 2 : 1));
    const counted = shares(make(9), loaded(names, { a: 2, b: 4, c: 3 }, weights), 4_000);
    expect(counted['c']).toEqual([0, 0, expect.closeTo(1, 6)]);
    expect(Math.abs((counted['a']?.[0] ?? 0) - 0.5)).toBeLessThan(0.04);
  });

  it('leaves equals to chance behind others too', () => {
    const counted = shares(make(9), loaded('xabc', { a: 2, b: 2, c: 2 }), 4_000);
    expect(counted).toMatchObject({ x: [expect.closeTo(1, 6), 0, 0, 0] });
    for (const name of 'abc') {
      for (const share of counted[name]?.slice(1) ?? []) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.038);
    }
  });

  it('sees at the next call what is in flight then', () => {
    const upstreams = loaded('ab', { a: 1 });
    const strategy = make();
    expect(word(orderOf(strategy, upstreams))).toBe('ba');
    for (const upstream of upstreams) upstream.inFlight = upstream.name === 'b' ? 2 : 1;
    expect(word(orderOf(strategy, upstreams))).toBe('ab');
  });

  it('puts the others in the order of their loads when the second is asked for', () => {
    const upstreams = loaded('abc', { a: 0, b: 1, c: 2 });
    const order = make().order(upstreams);
    expect(order.next()?.name).toBe('a');
    for (const upstream of upstreams) if (upstream.name === 'b') upstream.inFlight = 3;
    expect(word(listOf(order))).toBe('cb');
  });

  it('never puts a higher load before a lower one', () => {
    const anyLoads = fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 1_000 })), {
      size: 'max',
      maxLength: 120,
    });
    fc.assert(
      fc.property(anyLoads, fc.integer(), (loads, seed) => {
        const upstreams = makeUpstreams('x'.repeat(loads.length));
        upstreams.forEach((upstream, i) => {
          [upstream.inFlight, upstream.weight] = loads[i] ?? [0, 1];
        });
        const perWeight = orderOf(make(seed), upstreams).map(({ inFlight, weight }) => inFlight / weight);
        expect(perWeight).toEqual([...perWeight].sort((x, y) => x - y));
      }),
    );
  });
});
