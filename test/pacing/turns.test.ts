import { describe, expect, it } from 'vitest';
import { NOBODY } from '../../src/pacing/others.ts';
import { Turns } from '../../src/pacing/turns.ts';

const SPEED = 0.05;

/** When the turns of one with this part begin, in the next so many milliseconds. */
function turnsOf(from: number, share: number, lengthMs: number, commonMs = 0): number[] {
  const turns = new Turns();
  const others = { ...NOBODY, from, share, commonMs };
  const begun: number[] = [];
  for (let atMs = 10; ; ) {
    atMs = turns.nextMs(atMs, SPEED, others);
    if (atMs > lengthMs) return begun;
    begun.push(atMs + commonMs);
    atMs = turns.endMs(atMs, SPEED, others);
  }
}

describe('turns', () => {
  it('belong to one process each, to all in the order of time', () => {
    const all = [turnsOf(0, 0.5, 10_000), turnsOf(0.5, 0.3, 10_000), turnsOf(0.8, 0.2, 10_000)];
    const begun = all.flat().sort((a, b) => a - b);
    expect(begun.length).toBeGreaterThanOrEqual(499);
    expect(new Set(begun.map((ms) => Math.floor(ms / 20 + 1e-6))).size).toBe(begun.length);
    expect(all.map(({ length }) => Math.round(length / 10))).toEqual([25, 15, 10]);
  });

  it('of one process are spread evenly', () => {
    const begun = turnsOf(0.8, 0.2, 10_000).slice(1);
    const gaps = begun.slice(1).map((ms, i) => Math.round((ms - (begun[i] ?? 0)) / 20));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(8);
    expect(new Set(gaps).size).toBeLessThanOrEqual(3);
  });

  it('are nearly the same where parts are only nearly the same', () => {
    const one = turnsOf(0, 0.5, 100_000);
    const other = turnsOf(0.51, 0.49, 100_000);
    const both = one.filter((ms) => other.includes(ms));
    expect(both.length).toBe(0);
    expect(one.length + other.length).toBeGreaterThan(4_940);
  });

  it('begin at the same moment in processes whose own times differ', () => {
    const here = turnsOf(0, 0.5, 2_000).slice(1, 20);
    const there = turnsOf(0, 0.5, 2_000, 1e12).slice(1, 20);
    for (const ms of there) expect(Math.abs(((ms / 20 + 0.5) % 1) - 0.5)).toBeLessThan(0.01);
    expect(here.length).toBe(there.length);
  });

  it('are not taken of large limits, or where there is enough for all', () => {
    const turns = new Turns();
    expect(turns.areTaken(SPEED, { ...NOBODY, share: 0.5, from: 0 })).toBe(true);
    expect(turns.areTaken(1, { ...NOBODY, share: 0.5, from: 0 })).toBe(false);
    expect(turns.areTaken(SPEED, { ...NOBODY, share: 0.5, from: -1 })).toBe(false);
    expect(turns.areTaken(SPEED, NOBODY)).toBe(false);
  });
});
