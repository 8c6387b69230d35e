// What the pacer gets out of each kind of limiter, in the simulation of bench/pacing on a clock of its own.
import { describe, expect, it } from 'vitest';
import { runChange } from '../../bench/pacing/lib/change.mjs';
import { runBans, runBuckets, runOutage } from '../../bench/pacing/lib/pool.mjs';
import { run } from '../../bench/pacing/lib/run.mjs';
import { expectGoal, type Goal, kindCalled, makePacer, makePacers } from './simulated.ts';

const GOALS: readonly Goal[] = [
  ['fixed second, 15', 95, 1],
  ['fixed second, 50', 98, 1],
  ['bucket of 5, 50/s', 98, 1],
  ['bucket of 50, 50/s', 98, 1],
  ['rolling 1 s, 50', 97, 1],
  ['rolling 4 s, 200', 96, 1],
  ['rolling 10 s, 500', 97, 1],
  ['fixed 5 s, 250', 93, 1.3],
  ['units, bucket of 10 s, 500/s', 98, 1],
  ['units, rolling 10 s, 500/s', 75, 1],
  ['units, fixed 5 s, 1,500/s', 93, 1.5],
  ['fixed second, 50, Retry-After: 1', 98, 1],
  ['fixed second, 50, rate headers', 98, 1],
  ['fixed minute, 3,000, rate headers', 98, 1],
  ['2 in flight', 98, 1],
  ['4 in flight', 98, 1],
  ['6 in flight', 98, 1],
  ['bans for 30 s, fixed second, 15', 93, 0.1],
];

describe('a pacer at twice the limit', () => {
  it.each(GOALS)('gets enough of "%s": at least %d percent, with at most %d refused', (...goal) =>
    expectGoal(goal),
  );

  it.each([5, 200])('does with answers after %d ms', (rttMs) => {
    const kind = kindCalled('fixed second, 50');
    const { unitsPerSecond, waste } = run(kind, makePacer, { load: 2, seed: 2, rttMs });
    expect(unitsPerSecond).toBeGreaterThan(0.95 * kind.rps);
    expect(waste).toBeLessThan(0.012);
  });
});

describe('five pacers behind one daemon', () => {
  const short = { seed: 1, seconds: 40, learnSeconds: 10 };

  it('answer all of 80 % from the first request on', () => {
    const { goodShare, waste } = runBuckets(makePacers, { ...short, offered: 600 });
    expect(goodShare).toBeGreaterThan(0.999);
    expect(waste).toBeLessThan(0.01);
  });

  it('use what there is at 200 %', () => {
    const { perSecond, waste } = runBuckets(makePacers, { ...short, offered: 1500 });
    expect(perSecond).toBeGreaterThan(735);
    expect(waste).toBeLessThan(0.01);
  });

  it('keep to limits that ban for 30 s once they are learnt, at 0.8 times the limits', () => {
    const { perSecond, refusedOfEach } = runBans(makePacers, { seed: 1, offered: 0.8 * 150 });
    expect(perSecond / 150).toBeGreaterThan(0.78);
    // In ten minutes.
    expect(Math.max(...refusedOfEach)).toBeLessThanOrEqual(1);
  });
});

describe('pacers after everything was refused for 12 s', () => {
  it.each([1, 3, 5])('are back within 2 s, %d of them', (upstreams) => {
    const options = { upstreams, offered: 100, seed: 1, beforeSeconds: 60, outSeconds: 12 };
    const { backSeconds, goodShares } = runOutage(makePacers, options);
    expect(backSeconds).toBeLessThan(2);
    expect(goodShares[2]).toBeGreaterThan(0.99);
  });
});

describe('a limit that changes', () => {
  it.each([
    ['bucket of 10, 250/s', 2, 5],
    ['bucket of 5, 50/s', 3, 10],
    ['fixed second, 250', 3, 10],
    ['rolling 1 s, 50', 4, 10],
    ['6 in flight', 1, 2],
  ])(
    '%s is found %d s after it was halved, and %d s after it was doubled',
    (name, halvedWithin, doubledWithin) => {
      const found = (factor: number) =>
        runChange(kindCalled(name), makePacer, { factor, seed: 1, rttMs: 50 }).foundSeconds;
      expect(found(0.5)).toBeLessThanOrEqual(halvedWithin);
      expect(found(2)).toBeLessThanOrEqual(doubledWithin);
    },
  );
});
