import { expect } from 'vitest';
import { kinds } from '../../bench/pacing/lib/kinds.mjs';
import { oracleOf, run } from '../../bench/pacing/lib/run.mjs';
import { Pacer } from '../../src/pacing/pacer.ts';
import { Scout } from '../../src/pacing/scout.ts';

export const makePacer = () => new Pacer();

export function makePacers(count: number): readonly Pacer[] {
  const scout = new Scout();
  return Array.from({ length: count }, () => new Pacer({ scout }));
}

export function kindCalled(name: string) {
  const kind = kinds.find((one) => one.name === name);
  if (kind === undefined) throw new Error(`No such kind: ${name}`);
  return kind;
}

/** Least share of the oracle's goodput and most refused calls, both in percent, at twice the limit. */
export type Goal = readonly [name: string, goodput: number, waste: number];

export function expectGoal([name, goodput, waste]: Goal): void {
  const kind = kindCalled(name);
  const options = { load: 2, seed: 1 };
  const figures = run(kind, makePacer, options);
  const oracle = run(kind, oracleOf, options);
  expect((100 * figures.unitsPerSecond) / oracle.unitsPerSecond).toBeGreaterThanOrEqual(goodput);
  expect(100 * figures.waste).toBeLessThanOrEqual(waste);
}
