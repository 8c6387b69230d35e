// What decides who is usable tells of its changes itself; nobody has to know which events mean one.
import { describe, expect, it } from 'vitest';
import { Pool } from './pool.ts';

/** What A does, how, and whether an upstream may be usable now that was not. */
const CHANGES: readonly [what: string, change: (pool: Pool) => void, isBetter: boolean][] = [
  ['goes down', (pool) => pool.down('A'), false],
  ['comes up', (pool) => pool.up('A'), true],
  ['begins to lag', (pool) => pool.lag('A'), false],
  ['catches up', (pool) => pool.lag('A', false), false],
  ['is drained', (pool) => pool.drain('A'), false],
  ['takes requests again', (pool) => pool.drain('A', false), true],
  ['is suspended', (pool) => pool.quarantine.suspend(pool.of('A'), 'status'), false],
  ['is quarantined', (pool) => pool.quarantine.add(pool.of('A'), { reason: 'refused' }), false],
  ['is released', (pool) => void pool.quarantine.release(pool.of('A'), 'operator'), true],
];

describe('an upstream that', () => {
  it('changes in any way that decides whether it is usable reports it', () => {
    const pool = new Pool('AB');
    const reports: boolean[] = [];
    pool.changes.listen((isBetter) => reports.push(isBetter));
    for (const [what, change, isBetter] of CHANGES) {
      const before = pool.changes.version;
      change(pool);
      expect([what, reports.at(-1), pool.changes.version > before]).toEqual([what, isBetter, true]);
    }
  });

  it('leaves or joins reports it, and nothing in between', () => {
    const pool = new Pool('AB');
    const a = pool.of('A');
    const reports: boolean[] = [];
    pool.changes.listen((isBetter) => reports.push(isBetter));
    pool.registry.remove(a);
    a.down = { reason: 'probe-failed', sinceMs: 0 };
    a.down = undefined;
    pool.registry.add(a);
    expect(reports).toEqual([false, true]);
  });

  it('is drained twice reports it once', () => {
    const pool = new Pool('AB');
    pool.drain('A');
    const before = pool.changes.version;
    pool.drain('A');
    expect(pool.changes.version).toBe(before);
  });
});
