import { describe, expect, it } from 'vitest';
import { type Learnt, NOBODY, type Others, readLearnt } from '../../src/pacing/others.ts';
import { Pacer } from '../../src/pacing/pacer.ts';

/** One of two, each of which has accepted 50 calls in each of the last three seconds. */
function oneOfTwo() {
  const pacer = new Pacer();
  let news = 0;
  const others: { -readonly [K in keyof Others]: Others[K] } = {
    ...NOBODY,
    ...{ share: 0.5, rate: 0.05 },
    acceptedAt: (atMs) => 0.05 * atMs,
    noteNews() {
      news += 1;
    },
  };
  pacer.shareWith(others);
  for (let ms = 0; ms < 3_000; ms += 20) {
    pacer.sent(1, ms);
    pacer.answered(1, ms, ms);
  }
  return { pacer, others, newsOf: () => news };
}

const LEARNT: Learnt = {
  ...{ rate: 80, told: 0, costMs: 0, isStarting: false, wasQuick: false, climbedTo: 0 },
  ...{ isMeasured: true, windowMs: 0, debt: 1, isFull: false, restMs: 0 },
};

function spacingOf(pacer: Pacer, nowMs: number): number {
  const freeMs = Math.max(nowMs, pacer.freeAtMs(nowMs));
  pacer.sent(1, freeMs);
  pacer.answered(1, freeMs, freeMs);
  return pacer.freeAtMs(freeMs) - freeMs;
}

describe('pacers that know nothing of each other', () => {
  it('wait for longer after a second refusal that tells half a minute, each for another time', () => {
    const freeMs = [0, 7, 90].map((firstMs) => {
      const pacer = new Pacer();
      pacer.sent(1, firstMs);
      pacer.refused(1, firstMs, firstMs + 1, 30_000);
      expect(pacer.freeAtMs(firstMs + 2)).toBe(firstMs + 30_001);
      pacer.sent(1, firstMs + 30_001);
      pacer.refused(1, firstMs + 30_001, firstMs + 30_002, 30_000);
      return pacer.freeAtMs(firstMs + 30_003);
    });
    expect(Math.min(...freeMs)).toBeGreaterThan(60_002);
    expect(Math.max(...freeMs)).toBeLessThan(90_100);
    const [first = 0, second = 0] = freeMs.sort((a, b) => a - b);
    expect(second - first).toBeGreaterThan(500);
  });
});

describe('a pacer that is one of several', () => {
  it('measures what all were accepted, tells it, and sends its share of it', () => {
    const { pacer, newsOf } = oneOfTwo();
    pacer.sent(1, 3_000);
    pacer.refused(1, 3_000, 3_010, undefined);
    expect(newsOf()).toBe(1);
    expect(pacer.learnt(3_010).isFull).toBe(true);
    pacer.sent(1, 3_030);
    pacer.answered(1, 3_030, 3_040);
    expect(newsOf()).toBe(2);
    expect(pacer.rps()).toBeGreaterThan(95);
    expect(pacer.rps()).toBeLessThan(105);
    spacingOf(pacer, 4_000);
    // Half of a hundred a second, and one per cent less.
    expect(Math.round(spacingOf(pacer, 4_000))).toBeOneOf([20, 21]);
  });

  it('adopts what another one has learnt, and learns nothing of what it sent before', () => {
    const { pacer, newsOf } = oneOfTwo();
    pacer.adopt(LEARNT, 3_100);
    expect(pacer.rps()).toBe(80);
    pacer.refused(1, 3_090, 3_120, undefined);
    expect([pacer.rps(), newsOf()]).toEqual([80, 0]);
    pacer.adopt({ ...LEARNT, rate: 79 }, 3_130);
    expect(pacer.rps()).toBe(79);
  });

  it('leaves trials to the one that makes them, as long as it hears of it in time', () => {
    const { pacer } = oneOfTwo();
    pacer.adopt({ ...LEARNT, isFull: true, restMs: 30_000 }, 3_100);
    expect(pacer.freeAtMs(3_200)).toBe(3_100 + 33_150);
    expect(pacer.used(3_200)).toBe(1);
    pacer.adopt({ ...LEARNT, isFull: true, restMs: 60_000 }, 30_000);
    expect(pacer.freeAtMs(30_000)).toBe(30_000 + 66_150);
    pacer.adopt(LEARNT, 40_000);
    expect(pacer.freeAtMs(40_000)).toBeLessThanOrEqual(40_000);
  });

  it('waits in proportion when its share becomes another one', () => {
    const { pacer, others } = oneOfTwo();
    pacer.adopt(LEARNT, 3_100);
    spacingOf(pacer, 4_000);
    pacer.sent(1, 4_050);
    const waitMs = pacer.freeAtMs(4_050) - 4_050;
    others.share = 0.25;
    pacer.shareWas(0.5, 4_050);
    expect(pacer.freeAtMs(4_050) - 4_050).toBeCloseTo(2 * waitMs, 6);
  });

  it('takes no state that is none', () => {
    expect(readLearnt(LEARNT)).toEqual(LEARNT);
    for (const wrong of [
      { rate: -1 },
      { rate: 0 },
      { rate: '5' },
      { debt: null },
      { isFull: 1 },
      { restMs: -1 },
      { restMs: 365 * 24 * 3_600_000 },
      { rate: 1e-300 },
      { told: 1e300 },
      { windowMs: 1e300 },
      { debt: 1e300 },
    ])
      expect(readLearnt({ ...LEARNT, ...wrong })).toBeUndefined();
    expect(readLearnt({})).toBeUndefined();
    expect(readLearnt([])).toBeUndefined();
  });
});
