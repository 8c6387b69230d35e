// When the live page asks for all figures anew.
import { describe, expect, it } from 'vitest';
import { Gaps } from '../../../src/admin/page/gaps.js';

/** Filled at 0. */
function filled(): Gaps {
  const gaps = new Gaps();
  gaps.filled(true, 0);
  return gaps;
}

/** As figures that are taken in when they come. */
function heard(gaps: Gaps, aheadS: number, nowMs: number): boolean {
  return gaps.mustFill(aheadS, { arrivedAtMs: nowMs, nowMs });
}

describe('all figures', () => {
  it('are asked for at the start, and after the connection was lost', () => {
    const gaps = new Gaps();
    expect(heard(gaps, 0, 0)).toBe(true);
    gaps.filled(true, 5);
    expect(heard(gaps, 1, 1_000)).toBe(false);
    gaps.lost();
    expect(heard(gaps, 1, 2_000)).toBe(true);
  });

  it('are asked for after a gap, though not more often than every ten seconds', () => {
    const gaps = filled();
    expect([heard(gaps, 1, 2_000), heard(gaps, 1_200, 3_000)]).toEqual([false, false]);
    // The gap is of then, and no later figures tell of it.
    expect([heard(gaps, 1, 9_900), heard(gaps, 0, 10_000)]).toEqual([false, true]);
    gaps.filled(true, 10_100);
    expect(heard(gaps, 1, 30_000)).toBe(false);
  });

  it('are asked for at once when the clock was set back', () => {
    const gaps = filled();
    expect([heard(gaps, -1, 1_000), heard(gaps, -3_600, 2_000)]).toEqual([false, true]);
  });

  it('are not asked for by what has waited for them', () => {
    const gaps = new Gaps();
    expect(heard(gaps, 0, 1_000)).toBe(true);
    gaps.filled(true, 6_000);
    expect(gaps.mustFill(-4, { arrivedAtMs: 2_000, nowMs: 6_001 })).toBe(false);
    expect(gaps.mustFill(-4, { arrivedAtMs: 6_500, nowMs: 6_500 })).toBe(true);
  });

  it('are asked for again when they were not to be had', () => {
    const gaps = new Gaps();
    expect(heard(gaps, 0, 0)).toBe(true);
    gaps.filled(false, 100);
    expect([heard(gaps, 1, 1_000), heard(gaps, 1, 10_100)]).toEqual([false, true]);
  });
});
