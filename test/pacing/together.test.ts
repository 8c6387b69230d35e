// Several processes in front of one limiter, in the simulation of bench/pacing on a clock of its own.
import { describe, expect, it } from 'vitest';
import { type Load, runTogether } from '../../bench/pacing/lib/replicas.mjs';
import { run } from '../../bench/pacing/lib/run.mjs';
import { sharingPacers } from '../../bench/pacing/lib/sharing.mjs';
import { SharedBuckets } from '../../src/clients/shared-buckets.ts';
import { Pacer } from '../../src/pacing/pacer.ts';
import { BudgetSharing } from '../../src/sharing/budget-sharing.ts';
import { FactTable } from '../../src/sharing/fact-table.ts';
import { kindCalled, makePacer } from './simulated.ts';

const PARTS = { Pacer, FactTable, BudgetSharing, SharedBuckets };
const SECONDS = { seconds: 120, learnSeconds: 40 };

function together(name: string, shape: 'workers' | 'replicas', loads: readonly Load[], isUp = () => true) {
  const kind = kindCalled(name);
  const make = sharingPacers(PARTS, shape, { isUp });
  const figures = runTogether(kind, make, { loads, seed: 1, oracle: kind.rps, ...SECONDS });
  return { ...figures, messagesPerSecond: make.count.messages / loads.length / SECONDS.seconds };
}

const even = (count: number) => new Array<number>(count).fill(2 / count);

describe('workers that share a budget, at twice the limit', () => {
  it.each([
    ['bucket of 5, 50/s', 2],
    ['bucket of 5, 50/s', 4],
    ['fixed second, 250', 4],
  ])('get as much of "%s" as one process, %d of them', (name, count) => {
    const kind = kindCalled(name);
    const one = run(kind, makePacer, { load: 2, seed: 1 });
    const { goodput, waste, of } = together(name, 'workers', even(count));
    expect(goodput).toBeGreaterThan(0.99 * (one.unitsPerSecond / kind.rps));
    expect(waste).toBeLessThan(0.02);
    expect(Math.max(...of) / Math.min(...of)).toBeLessThan(1.05);
  });

  it.each(['workers', 'replicas'] as const)('keep to a ceiling together, %s', (shape) => {
    const kind = kindCalled('fixed second, 250');
    const make = sharingPacers(PARTS, shape, { options: { ceilingRps: 100 } });
    const { series } = runTogether(kind, make, {
      loads: even(4),
      seed: 1,
      oracle: kind.rps,
      seconds: 30,
      learnSeconds: 5,
    });
    const accepted = series.slice(5, 29).map((count) => count ?? 0);
    // Each call is sent at its time, but takes its own to arrive.
    expect(Math.max(...accepted)).toBeLessThanOrEqual(105);
    expect(accepted.reduce((sum, count) => sum + count, 0) / accepted.length).toBeGreaterThan(98);
    expect(accepted.reduce((sum, count) => sum + count, 0) / accepted.length).toBeLessThan(100.5);
  });

  it('leave to those that have more to do what the others do not need', () => {
    const { goodput, of } = together('fixed second, 250', 'workers', [1.6, 0.2, 0.2]);
    expect(goodput).toBeGreaterThan(0.93);
    expect(of[0]).toBeGreaterThan(2.5 * (of[1] ?? 0));
  });
});

describe('replicas that share a budget, at twice the limit', () => {
  it.each(['bucket of 5, 50/s', 'fixed second, 250'])('get nearly all of "%s"', (name) => {
    const { goodput, waste, messagesPerSecond } = together(name, 'replicas', even(3));
    expect(goodput).toBeGreaterThan(0.97);
    expect(waste).toBeLessThan(0.03);
    expect(messagesPerSecond).toBeLessThan(4);
  });

  it('give one that wakes its part within two seconds', () => {
    const wakes = (nowMs: number) => (nowMs < 60_000 ? 0.001 : 2);
    const { of, goodput } = together('fixed second, 250', 'replicas', [1, wakes]);
    expect(goodput).toBeGreaterThan(0.93);
    // Half of the last minute of 80 s.
    expect((of[1] ?? 0) / (250 * 60)).toBeGreaterThan(0.46);
  });

  it.each(['bucket of 5, 50/s', 'fixed second, 250', 'fixed second, 50, rate headers'])(
    'go on alone at "%s" without messages',
    (name) => {
      const { goodput, waste } = together(name, 'replicas', even(3), () => false);
      expect(goodput).toBeGreaterThan(0.93);
      expect(waste).toBeLessThan(0.03);
    },
  );
});
