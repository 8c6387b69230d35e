// What the pacer gets out of each kind of limiter, in the simulation of bench/pacing on a clock of its own.
import { describe, expect, it } from 'vitest';
import { runFive } from '../../bench/pacing/lib/five.mjs';
import { kinds } from '../../bench/pacing/lib/kinds.mjs';
import { oracleOf, run } from '../../bench/pacing/lib/run.mjs';
import { Pacer } from '../../src/pacing/pacer.ts';

const makePacer = () => new Pacer();

function kindCalled(name: string) {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`No such kind: ${name}`);
  return kind;
}

/** Least share of the oracle's goodput and most refused calls, both in percent, at twice the limit. */
const GOALS: readonly (readonly [name: string, goodput: number, waste: number])[] = [
  ['fixed second, 15', 98, 1],
  ['fixed second, 50', 98, 1],
  ['bucket of 5, 50/s', 98, 1],
  ['bucket of 50, 50/s', 98, 1],
  ['rolling 1 s, 50', 97, 1],
  ['rolling 4 s, 200', 97, 1],
  ['rolling 10 s, 500', 97, 1],
  ['fixed 5 s, 250', 95, 1],
  ['units, bucket of 10 s, 500/s', 93, 1.3],
  ['fixed second, 50, Retry-After: 1', 98, 1],
  ['fixed second, 50, rate headers', 98, 1],
  ['fixed minute, 3,000, rate headers', 98, 1],
  ['2 in flight', 98, 1],
  ['4 in flight', 98, 1],
  ['6 in flight', 98, 1],
  ['bans for 30 s, fixed second, 15', 90, 0.1],
];

describe('a pacer at twice the limit', () => {
  it.each(GOALS)('gets of "%s" at least %d %% for %d %% refused', (name, goodput, waste) => {
    const kind = kindCalled(name);
    const options = { load: 2, seed: 1 };
    const figures = run(kind, makePacer, options);
    const oracle = run(kind, oracleOf, options);
    expect((100 * figures.unitsPerSecond) / oracle.unitsPerSecond).toBeGreaterThanOrEqual(goodput);
    expect(100 * figures.waste).toBeLessThanOrEqual(waste);
  });

  it.each([5, 200])('does with answers after %d ms', (rttMs) => {
    const kind = kindCalled('fixed second, 50');
    const { unitsPerSecond, waste } = run(kind, makePacer, { load: 2, seed: 2, rttMs });
    expect(unitsPerSecond).toBeGreaterThan(0.95 * kind.rps);
    expect(waste).toBeLessThan(0.012);
  });
});

describe('five pacers behind one daemon', () => {
  it('answer all of 80 % from the first request on', () => {
    const { goodShare, waste } = runFive(makePacer, {
      offered: 600,
      seed: 1,
      seconds: 40,
      learnSeconds: 10,
    });
    expect(goodShare).toBeGreaterThan(0.999);
    expect(waste).toBeLessThan(0.01);
  });

  it('use what there is at 200 %', () => {
    const { perSecond, waste } = runFive(makePacer, {
      offered: 1500,
      seed: 1,
      seconds: 40,
      learnSeconds: 10,
    });
    expect(perSecond).toBeGreaterThan(735);
    expect(waste).toBeLessThan(0.01);
  });
});

describe('a limit that changes', () => {
  it('is found when it is halved, and within 15 s when it is doubled', () => {
    const kind = kindCalled('bucket of 10, 250/s');
    const changes = [
      [60, 0.5],
      [90, 2],
    ] as const;
    const { series } = run({ ...kind, ...{ learnSeconds: 62, seconds: 120 } }, makePacer, {
      load: 3,
      seed: 1,
      changes,
    });
    const perSecond = (from: number, to: number) =>
      series.slice(from, to).reduce((sum: number, count) => sum + (count ?? 0), 0) / (to - from);
    expect(perSecond(62, 90)).toBeGreaterThan(0.85 * 125);
    expect(perSecond(105, 118)).toBeGreaterThan(0.95 * 250);
  });
});
