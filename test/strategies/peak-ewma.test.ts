import { describe, expect, it } from 'vitest';
import { peakEwma } from '../../src/strategies/peak-ewma.ts';
import type { Strategy } from '../../src/strategies/strategy.ts';
import type { Upstream } from '../../src/upstreams/upstream.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { firsts, makeUpstreams, orderOf, shares, word } from './draws.ts';

function make(seed = 1) {
  const clock = new ManualClock();
  return { clock, strategy: peakEwma({ random: seededRandom(seed), clock }) };
}

function observe(
  strategy: Strategy,
  upstreams: readonly Upstream[],
  latencies: Record<string, number>,
): void {
  for (const upstream of upstreams) {
    const latencyMs = latencies[upstream.name];
    if (latencyMs !== undefined) strategy.observe?.(upstream, latencyMs);
  }
}

/** Sends a request every `everyMs` to whoever is first; the names of those, in one word. */
function traffic(
  { clock, strategy }: ReturnType<typeof make>,
  upstreams: readonly Upstream[],
  plan: { forMs: number; everyMs: number; latencies: Record<string, number> },
): string {
  let asked = '';
  for (let ms = 0; ms < plan.forMs; ms += plan.everyMs) {
    const first = strategy.order(upstreams).next();
    if (!first) break;
    asked += first.name;
    first.inFlight++;
    const latencyMs = plan.latencies[first.name] ?? 0;
    clock.after(latencyMs, () => {
      first.inFlight--;
      strategy.observe?.(first, latencyMs);
    });
    clock.advance(plan.everyMs);
  }
  return asked;
}

const part = (asked: string, name: string) => [...asked].filter((one) => one === name).length / asked.length;

describe('peak-ewma', () => {
  it.each(['abc', 'cba', 'bca'])('gives the lowest latency first, given %s', (names) => {
    const { strategy } = make();
    const upstreams = makeUpstreams(names);
    observe(strategy, upstreams, { a: 30, b: 10, c: 20 });
    expect(word(orderOf(strategy, upstreams))).toBe('bca');
  });

  it('multiplies by the attempts in flight and one, and divides by the weight', () => {
    const { strategy } = make();
    const [a, b, c] = makeUpstreams('abc', [1, 1, 4]);
    const upstreams = [a, b, c].filter((upstream) => upstream !== undefined);
    observe(strategy, upstreams, { a: 10, b: 25, c: 60 });
    expect(word(orderOf(strategy, upstreams))).toBe('acb');
    if (a) a.inFlight = 1;
    expect(word(orderOf(strategy, upstreams))).toBe('cab');
    if (a) a.inFlight = 2;
    expect(word(orderOf(strategy, upstreams))).toBe('cba');
  });

  it.each([999_000, 1_000_001, 7_200_000, 864_000_000])('reckons as ever after %d ms', (ms) => {
    const { strategy, clock } = make();
    const upstreams = makeUpstreams('abc');
    observe(strategy, upstreams, { a: 1, b: 1, c: 1 });
    clock.advance(ms);
    observe(strategy, upstreams, { a: 100, b: 1_000 });
    // c has been forgotten down to the least; a and b keep their distance.
    for (let step = 0; step < 3; step++) {
      expect(word(orderOf(strategy, upstreams))).toBe('cab');
      clock.advance(1_000);
    }
    observe(strategy, upstreams, { a: 900 });
    expect(word(orderOf(strategy, upstreams))).toBe('cba');
  });

  it('keeps latencies when its time of reference changes', () => {
    const { strategy, clock } = make();
    const upstreams = makeUpstreams('abc');
    clock.advance(995_000);
    observe(strategy, upstreams, { a: 1_000, b: 100 });
    // Over the thousand seconds: a has decayed to 367 ms.
    clock.advance(10_020);
    observe(strategy, upstreams, { b: 360, c: 365 });
    expect(word(orderOf(strategy, upstreams))).toBe('bca');
    observe(strategy, upstreams, { b: 375, c: 380 });
    expect(word(orderOf(strategy, upstreams))).toBe('abc');
  });

  it('takes a peak at once, and forgets it with a time constant of ten seconds', () => {
    const { strategy, clock } = make();
    const upstreams = makeUpstreams('ab');
    const [a, b] = upstreams;
    if (!a || !b) throw new Error('two were made');
    observe(strategy, upstreams, { a: 10, b: 100 });
    expect(firsts(strategy, upstreams, 3)).toBe('aaa');
    observe(strategy, [a], { a: 1_000 });
    expect(firsts(strategy, upstreams, 3)).toBe('bbb');
    // A good answer does not make up for the peak: only time does.
    observe(strategy, [a], { a: 10 });
    expect(firsts(strategy, upstreams, 3)).toBe('bbb');
    // 1000 ms, ten times as long as b's, which is observed again and again: 10 s × ln 10 = 23.03 s.
    clock.advance(23_000);
    observe(strategy, [b], { b: 100 });
    expect(firsts(strategy, upstreams, 3)).toBe('bbb');
    clock.advance(50);
    observe(strategy, [b], { b: 100 });
    expect(firsts(strategy, upstreams, 3)).toBe('aaa');
  });

  it('starts an upstream that was never observed at the mean of the others', () => {
    const { strategy } = make();
    const upstreams = makeUpstreams('abn');
    observe(strategy, upstreams, { a: 10, b: 50 });
    expect(word(orderOf(strategy, upstreams))).toBe('anb');
    const [, b] = upstreams;
    if (b) observe(strategy, [b], { b: 1_000 });
    for (const upstream of upstreams) upstream.inFlight = upstream.name === 'a' ? 3 : 0;
    // n stays at 30 ms, the mean of the moment at which it was first seen; a is at 40 by its load.
    expect(word(orderOf(strategy, upstreams))).toBe('nab');
  });

  it('tries a new upstream soon, beside one that is in use', () => {
    const bench = make();
    const [a, n] = makeUpstreams('an');
    if (!a || !n) throw new Error('two were made');
    const plan = { forMs: 2_000, everyMs: 20, latencies: { a: 15, n: 15 } };
    expect(part(traffic(bench, [a], plan), 'a')).toBe(1);
    expect(part(traffic(bench, [a, n], plan), 'n')).toBeGreaterThan(0.2);
  });

  it('leaves equals to chance, also while nobody was observed', () => {
    const { strategy } = make(3);
    const upstreams = makeUpstreams('abc');
    for (let round = 0; round < 2; round++) {
      for (const places of Object.values(shares(strategy, upstreams, 3_000))) {
        for (const share of places) expect(Math.abs(share - 1 / 3)).toBeLessThan(0.044);
      }
      observe(strategy, upstreams, { a: 5, b: 5, c: 5 });
    }
  });

  it('still counts load and weight after long silence, and at latencies of 0', () => {
    const { strategy, clock } = make();
    const upstreams = makeUpstreams('abc', [1, 1, 2]);
    for (const upstream of upstreams) upstream.inFlight = upstream.name === 'a' ? 5 : 1;
    observe(strategy, upstreams, { a: 0, b: 0, c: 0 });
    expect(word(orderOf(strategy, upstreams))).toBe('cba');
    observe(strategy, upstreams, { a: 1, b: 50, c: 2_000 });
    clock.advance(30 * 86_400_000);
    expect(word(orderOf(strategy, upstreams))).toBe('cba');
  });

  it('moves away from a slow upstream within a second, and back when it is well again', () => {
    const bench = make(5);
    const upstreams = makeUpstreams('abc');
    const well = { a: 20, b: 20, c: 20 };
    const before = traffic(bench, upstreams, { forMs: 5_000, everyMs: 5, latencies: well });
    for (const name of 'abc') expect(Math.abs(part(before, name) - 1 / 3)).toBeLessThan(0.1);

    const sick = { ...well, b: 800 };
    traffic(bench, upstreams, { forMs: 1_000, everyMs: 5, latencies: sick });
    const during = traffic(bench, upstreams, { forMs: 60_000, everyMs: 5, latencies: sick });
    expect(part(during, 'b')).toBeLessThan(0.005);
    // It is asked now and then, or nobody would see that it is well again.
    expect(part(during, 'b')).toBeGreaterThan(0);

    traffic(bench, upstreams, { forMs: 45_000, everyMs: 5, latencies: well });
    const after = traffic(bench, upstreams, { forMs: 5_000, everyMs: 5, latencies: well });
    expect(Math.abs(part(after, 'b') - 1 / 3)).toBeLessThan(0.1);
  });

  it('keeps what it learned about others when one comes or goes', () => {
    const { strategy } = make();
    const upstreams = makeUpstreams('abcd');
    observe(strategy, upstreams, { a: 40, b: 30, c: 20, d: 10 });
    const without = (name: string) => upstreams.filter((upstream) => upstream.name !== name);
    expect(word(orderOf(strategy, without('d')))).toBe('cba');
    expect(word(orderOf(strategy, upstreams))).toBe('dcba');
    expect(word(orderOf(strategy, without('c')))).toBe('dba');
  });
});
