import { describe, expect, it } from 'vitest';
import { DOWN, INTERVAL_MS, setUp, UP, upstream } from './scripted.ts';

describe('the health scheduler', () => {
  it.each([1, 2, 3, 4, 5])('spreads the first checks over the first second (seed %i)', (seed) => {
    const names = Array.from({ length: 20 }, (_, index) => `u${index}`);
    const { scheduler, clock, checks } = setUp({ names, seed });
    scheduler.start();
    expect(checks).toEqual([]);
    clock.advance(1_000);
    expect(checks.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(new Set(checks.map(({ atMs }) => atMs)).size).toBeGreaterThan(10);
    const early = checks.filter(({ atMs }) => atMs < 1_500).length;
    expect(early).toBeGreaterThan(3);
    expect(early).toBeLessThan(17);
  });

  it('makes the first round within a short interval', () => {
    const { scheduler, clock, checks } = setUp({ names: ['a', 'b', 'c'], intervalMs: 100 });
    scheduler.start();
    clock.advance(100);
    expect(checks).toHaveLength(3);
  });

  it('repeats a check after the interval, give or take a tenth, not always the same', async () => {
    const { scheduler, answer } = setUp();
    scheduler.start();
    const pauses: number[] = [];
    let last = (await answer(UP)).atMs;
    for (let round = 0; round < 200; round += 1) {
      const { atMs } = await answer(UP);
      pauses.push(atMs - last);
      last = atMs;
    }
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(INTERVAL_MS * 0.9);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(INTERVAL_MS * 1.1);
    expect(Math.max(...pauses) - Math.min(...pauses)).toBeGreaterThan(INTERVAL_MS * 0.15);
  });

  it('never overlaps the checks of one upstream, and holds up no other', async () => {
    const { scheduler, clock, checks } = setUp({ names: ['hangs', 'lives'] });
    scheduler.start();
    for (let second = 0; second < 100; second += 1) {
      clock.advance(1_000);
      for (const check of checks) if (check.name === 'lives') await check.settle(UP);
    }
    expect(checks.filter(({ name }) => name === 'hangs')).toHaveLength(1);
    expect(checks.filter(({ name }) => name === 'lives').length).toBeGreaterThanOrEqual(4);
    const [hanging] = checks.filter(({ name }) => name === 'hangs');
    await hanging?.settle(UP);
    clock.advance(0);
    expect(checks.filter(({ name }) => name === 'hangs')).toHaveLength(2);
  });

  it('takes an upstream down after `fall` failures in a row, once', async () => {
    const { scheduler, answer, events, upstreams } = setUp({ fall: 3 });
    scheduler.start();
    await answer(DOWN);
    await answer(DOWN);
    await answer(UP);
    await answer(DOWN);
    await answer(DOWN);
    expect(upstreams[0]?.down).toBeUndefined();
    expect(events).toEqual([]);
    const { atMs } = await answer(DOWN);
    await answer(DOWN);
    expect(upstreams[0]?.down?.reason).toBe('probe-failed');
    expect(upstreams[0]?.down?.sinceMs).toBeGreaterThanOrEqual(atMs);
    expect(upstreams[0]?.down?.sinceMs).toBeLessThan(atMs + 100);
    const identity = { name: 'a', tier: 'primary' };
    const problem = 'connection refused';
    expect(events).toMatchObject([
      { type: 'upstream-down', upstream: identity, reason: 'probe-failed', problem },
    ]);
  });

  it('brings it up after `rise` successes in a row, and says how long it was down', async () => {
    const { scheduler, answer, clock, events, upstreams } = setUp({ fall: 1, rise: 2 });
    scheduler.start();
    await answer(DOWN);
    const sinceMs = upstreams[0]?.down?.sinceMs ?? 0;
    await answer(UP);
    await answer(DOWN);
    await answer(UP);
    expect(upstreams[0]?.down?.sinceMs).toBe(sinceMs);
    await answer(UP);
    expect(upstreams[0]?.down).toBeUndefined();
    expect(upstreams[0]?.upSinceMs).toBe(clock.monotonicMs());
    expect(events.slice(1)).toMatchObject([
      {
        type: 'upstream-up',
        upstream: { name: 'a', tier: 'primary' },
        downMs: clock.monotonicMs() - sinceMs,
      },
    ]);
  });

  it('leaves alone when an upstream came up while it stays up', async () => {
    const { scheduler, answer, upstreams } = setUp();
    scheduler.start();
    await answer(UP);
    await answer(UP);
    expect(upstreams[0]?.upSinceMs).toBe(1_000);
  });

  it('reports each success with the time its check began, after the state was written', async () => {
    const { scheduler, clock, checks, healthy } = setUp({ fall: 1 });
    scheduler.start();
    clock.advance(1_000);
    await checks[0]?.settle(DOWN);
    clock.advance(INTERVAL_MS * 1.1);
    clock.advance(500);
    await checks[1]?.settle(UP);
    expect(healthy).toEqual([{ name: 'a', startedMs: checks[1]?.atMs, down: false }]);
  });

  it('counts a probe that throws as a failed check, and goes on', async () => {
    const { scheduler, answer, upstreams } = setUp({ fall: 2 });
    scheduler.start();
    await answer(Promise.reject(new Error('defect')));
    await answer(Promise.reject(new Error('defect')));
    expect(upstreams[0]?.down?.reason).toBe('probe-failed');
    await answer(UP);
    expect(upstreams[0]?.down).toBeUndefined();
  });

  it('announces names, never the secrets of an upstream', async () => {
    const { scheduler, answer, events } = setUp({ fall: 1 });
    scheduler.start();
    await answer(DOWN);
    await answer(UP);
    expect(events).toHaveLength(2);
    expect(JSON.stringify(events)).not.toContain('seCret');
  });

  it('picks up an added upstream within an interval and keeps what it knows of the others', async () => {
    const { scheduler, clock, checks, upstreams } = setUp({ fall: 2 });
    scheduler.start();
    clock.advance(1_000);
    await checks[0]?.settle(DOWN);
    upstreams.push(upstream('b'));
    const addedMs = clock.monotonicMs();
    clock.advance(INTERVAL_MS * 1.1);
    const [first] = checks.filter(({ name }) => name === 'b');
    expect(first?.atMs).toBeLessThanOrEqual(addedMs + INTERVAL_MS);
    const ofFirst = checks.filter(({ name }) => name === 'a');
    expect(ofFirst).toHaveLength(2);
    await ofFirst[1]?.settle(DOWN);
    expect(upstreams[0]?.down).toBeDefined();
  });

  it('drops a removed upstream, and the result of a check that was under way', async () => {
    const { scheduler, clock, checks, events, healthy, upstreams } = setUp({ names: ['a', 'b'], fall: 1 });
    scheduler.start();
    clock.advance(1_000);
    expect(checks).toHaveLength(2);
    const [removed] = upstreams.splice(0, 1);
    for (const check of checks) await check.settle(check.name === 'a' ? DOWN : UP);
    clock.advance(INTERVAL_MS * 3);
    expect(removed?.down).toBeUndefined();
    expect(events).toEqual([]);
    expect(healthy.map(({ name }) => name)).toEqual(['b']);
    expect(checks.filter(({ name }) => name === 'a')).toHaveLength(1);
  });

  it.each([0.1, 3])('takes up again an upstream that was away for %d intervals', async (intervals) => {
    const { scheduler, clock, checks, upstreams } = setUp();
    scheduler.start();
    clock.advance(1_000);
    await checks[0]?.settle(UP);
    const away = upstreams.splice(0, 1);
    clock.advance(INTERVAL_MS * intervals);
    upstreams.push(...away);
    clock.advance(INTERVAL_MS * 1.1);
    expect(checks).toHaveLength(2);
  });

  it('takes up again an upstream that was away just when its check was due or ended', async () => {
    const { scheduler, clock, checks, upstreams } = setUp({ fall: 1 });
    scheduler.start();
    clock.advance(1_000);
    const away = upstreams.splice(0, 1);
    await checks[0]?.settle(DOWN);
    upstreams.push(...away);
    clock.advance(INTERVAL_MS);
    expect(checks).toHaveLength(2);
    expect(away[0]?.down).toBeUndefined();
  });

  it('stop cancels every timer and ignores the checks under way', async () => {
    const { scheduler, clock, checks, events, healthy, upstreams } = setUp({ names: ['a', 'b'], fall: 1 });
    scheduler.start();
    clock.advance(1_000);
    await checks[0]?.settle(UP);
    const before = healthy.length;
    scheduler.stop();
    expect(clock.pendingTimers).toBe(0);
    await checks[1]?.settle(DOWN);
    clock.advance(INTERVAL_MS * 3);
    expect(checks).toHaveLength(2);
    expect(events).toEqual([]);
    expect(healthy).toHaveLength(before);
    expect(upstreams.every(({ down }) => down === undefined)).toBe(true);
  });

  it('starts once, however often it is told to', () => {
    const { scheduler, clock, checks } = setUp();
    scheduler.start();
    scheduler.start();
    clock.advance(INTERVAL_MS);
    expect(checks).toHaveLength(1);
    scheduler.stop();
    expect(clock.pendingTimers).toBe(0);
  });
});
