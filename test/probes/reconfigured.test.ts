// Health checks that get other settings while they run.
import { describe, expect, it } from 'vitest';
import { DOWN, INTERVAL_MS, on, setUp, UP } from './scripted.ts';

describe('checks by new settings', () => {
  it('come at once, and then in the new interval, one at a time', async () => {
    const { scheduler, options, clock, checks, answer } = setUp();
    scheduler.start();
    await answer(UP);
    scheduler.reconfigure({ ...options, intervalMs: 1_000 });
    clock.advance(500);
    expect(checks).toHaveLength(2);
    await checks[1]?.settle(UP);
    clock.advance(10_000);
    expect(checks).toHaveLength(3);
    scheduler.stop();
    expect(clock.pendingTimers).toBe(0);
  });

  it('ignore the result of a check by the old ones', async () => {
    const { scheduler, options, clock, checks, of } = setUp({ fall: 1 });
    scheduler.start();
    clock.advance(1_000);
    scheduler.reconfigure({ ...options, rise: 2 });
    await checks[0]?.settle(DOWN);
    expect(of('a').down).toBeUndefined();
    clock.advance(1_000);
    await checks[1]?.settle(DOWN);
    expect(of('a').down).toBeDefined();
  });

  it('keep who is down, and count on', async () => {
    const { scheduler, options, answer, of, events } = setUp({ fall: 3 });
    scheduler.start();
    await answer(DOWN);
    await answer(DOWN);
    scheduler.reconfigure({ ...options, intervalMs: INTERVAL_MS / 2 });
    await answer(DOWN);
    expect(of('a').down).toMatchObject({ reason: 'probe-failed' });
    scheduler.reconfigure(options);
    expect(of('a').down).toMatchObject({ reason: 'probe-failed' });
    await answer(UP);
    expect(events.map(({ type }) => type)).toEqual(['upstream-down', 'upstream-up']);
  });

  it('put out at once who is on another chain than is expected now, and let the others in', async () => {
    const { scheduler, options, round, of } = setUp({ names: ['a', 'b', 'c'], expectedChain: '1' });
    scheduler.start();
    await round({ a: on('1'), b: on('1'), c: on('5') });
    scheduler.reconfigure({ ...options, expectedChain: '5' });
    expect(['a', 'b', 'c'].map((name) => of(name).down?.reason)).toEqual([
      'wrong-chain',
      'wrong-chain',
      undefined,
    ]);
    // The majority, without a moment in which all are in.
    scheduler.reconfigure({ ...options, expectedChain: undefined });
    expect(['a', 'b', 'c'].map((name) => of(name).down?.reason)).toEqual([
      undefined,
      undefined,
      'wrong-chain',
    ]);
  });

  it('of another kind forget chain and height, not who is dead', async () => {
    const { scheduler, options, round, of } = setUp({ names: ['a', 'b', 'c'], expectedChain: '1', fall: 1 });
    scheduler.start();
    await round({ a: on('1', 100), b: on('5', 100), c: DOWN });
    scheduler.reconfigure({ ...options, probe: { ...options.probe, name: 'other' } });
    expect([of('a').chainId, of('a').blockHeight, of('b').down]).toEqual([undefined, undefined, undefined]);
    expect(of('c').down).toMatchObject({ reason: 'probe-failed' });
  });

  it('that are switched off leave nobody out', async () => {
    const { scheduler, round, of, events, clock } = setUp({ names: ['a', 'b'], expectedChain: '1', fall: 1 });
    scheduler.start();
    await round({ a: on('5', 100), b: DOWN });
    scheduler.stop();
    scheduler.forget();
    expect([of('a').down, of('b').down, of('a').chainId]).toEqual([undefined, undefined, undefined]);
    expect(events.filter(({ type }) => type === 'upstream-up')).toHaveLength(2);
    expect(clock.pendingTimers).toBe(0);
  });
});
