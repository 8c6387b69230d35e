// What the pacer gets out of limiters that ban for half a minute; the quick ones of these are in limiters.test.ts.
import { describe, expect, it } from 'vitest';
import { runBans } from '../../bench/pacing/lib/pool.mjs';
import { expectGoal, makePacers } from './simulated.ts';

describe('a pacer at twice the limit', () => {
  it.each([
    ['bans for 30 s, bucket of 10, 50/s', 93, 0.1],
    ['bans for 30 s and says so', 92, 0.1],
  ] as const)('gets enough of "%s": at least %d percent, with at most %d refused', (...goal) =>
    expectGoal(goal),
  );
});

describe('five pacers behind one daemon', () => {
  it('keep to limits that ban for 30 s once they are learnt, at 2 times the limits', () => {
    const { perSecond, refusedOfEach } = runBans(makePacers, { seed: 1, offered: 2 * 150 });
    expect(perSecond / 150).toBeGreaterThan(0.9);
    // In ten minutes.
    expect(Math.max(...refusedOfEach)).toBeLessThanOrEqual(1);
  });

  it('have learnt most of limits that ban after two minutes', () => {
    const options = { seed: 1, seconds: 240, learnSeconds: 120 };
    expect(runBans(makePacers, { ...options, offered: 300 }).perSecond / 150).toBeGreaterThan(0.8);
  });
});
