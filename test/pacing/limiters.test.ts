// What the pacer gets out of each kind of limiter, in the simulation of bench/pacing on a clock of its own.
import { describe, expect, it } from 'vitest';
import { runChange } from '../../bench/pacing/lib/change.mjs';
import { kinds } from '../../bench/pacing/lib/kinds.mjs';
import { runBans, runBuckets, runOutage } from '../../bench/pacing/lib/pool.mjs';
import { oracleOf, run } from '../../bench/pacing/lib/run.mjs';
import { Pacer } from '../../src/pacing/pacer.ts';
import { Scout } from '../../src/pacing/scout.ts';

const makePacer = () => new Pacer();

function makePacers(count: number): readonly Pacer[] {
  const scout = new Scout();
  return Array.from({ length: count }, () => new Pacer({ scout }));
}

function kindCalled(name: string) {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`No such kind: ${name}`);
  return kind;
}

/** Least share of the oracle's goodput and most refused calls, both in percent, at twice the limit. */
const GOALS: readonly (readonly [name: string, goodput: number, waste: number])[] = [
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
  ['bans for 30 s, bucket of 10, 50/s', 93, 0.1],
  ['bans for 30 s and says so', 92, 0.1],
];

describe('a pacer at twice the limit', () => {
  it.each(GOALS)(
    'gets enough of "%s": at least %d percent, with at most %d refused',
    (name, goodput, waste) => {
      const kind = kindCalled(name);
      const options = { load: 2, seed: 1 };
      const figures = run(kind, makePacer, options);
      const oracle = run(kind, oracleOf, options);
      expect((100 * figures.unitsPerSecond) / oracle.unitsPerSecond).toBeGreaterThanOrEqual(goodput);
      expect(100 * figures.waste).toBeLessThanOrEqual(waste);
    },
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

  it.each([0.8, 2])(
    'keep to limits that ban for 30 s once they are learnt, at %d times the limits',
    (load) => {
      const { perSecond, refusedOfEach } = runBans(makePacers, { seed: 1, offered: load * 150 });
      expect(perSecond / 150).toBeGreaterThan(load < 1 ? 0.78 : 0.9);
      // In ten minutes.
      expect(Math.max(...refusedOfEach)).toBeLessThanOrEqual(1);
    },
  );

  it('have learnt most of limits that ban after two minutes', () => {
    const options = { seed: 1, seconds: 240, learnSeconds: 120 };
    expect(runBans(makePacers, { ...options, offered: 300 }).perSecond / 150).toBeGreaterThan(0.8);
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
