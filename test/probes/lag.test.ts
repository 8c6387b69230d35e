// Who lags, as found by checks and by answers to clients; and the checks that those answers save.
import { describe, expect, it } from 'vitest';
import { DOWN, INTERVAL_MS, on, setUp, UP } from './scripted.ts';

function start(change: Parameters<typeof setUp>[0]) {
  const made = setUp(change);
  made.scheduler.start();
  const lagging = () => made.upstreams.filter((each) => each.lagging).map(({ name }) => name);
  /** Checks made of one upstream so far. */
  const checksOf = (name: string) => made.checks.filter((check) => check.name === name).length;
  return { ...made, lagging, checksOf };
}

describe('heights that checks find', () => {
  it('tell who lags, and that it has caught up', async () => {
    const { round, lagging, events } = start({ names: ['a', 'b'], maxBlockLag: 5 });
    await round({ a: on('1', 106) });
    await round({ b: on('1', 100) });
    expect(lagging()).toEqual(['b']);
    await round({ a: on('1', 107) });
    await round({ b: on('1', 107) });
    expect(lagging()).toEqual([]);
    expect(events.map(({ type }) => type)).toEqual(['upstream-lagging', 'upstream-caught-up']);
  });

  it('of one that is down count for nobody', async () => {
    const { round, lagging } = start({ names: ['a', 'b'], fall: 1 });
    await round({ a: on('1', 1_000) });
    await round({ b: on('1', 1_000) });
    await round({ a: DOWN });
    await round({ b: on('1', 10) });
    expect(lagging()).toEqual([]);
  });
});

describe('a height that a client was told', () => {
  const names = ['a', 'b'];

  async function afterFirstRound(change: Parameters<typeof setUp>[0] = {}) {
    const made = start({ names, learnsFromAnswers: true, ...change });
    await made.round({ a: on('1', 100), b: on('1', 100) });
    return made;
  }

  it('counts as one that a check has found', async () => {
    const { scheduler, of, lagging } = await afterFirstRound();
    scheduler.learnHeight(of('a'), 120);
    expect(of('a').blockHeight).toBe(120);
    scheduler.learnHeight(of('b'), 101);
    expect(lagging()).toEqual(['b']);
    scheduler.learnHeight(of('b'), 120);
    expect(lagging()).toEqual([]);
  });

  it('saves the next check, as often as it is told anew', async () => {
    const { scheduler, of, clock, checksOf, healthy } = await afterFirstRound();
    for (let count = 0; count < 20; count += 1) {
      clock.advance(INTERVAL_MS / 4);
      scheduler.learnHeight(of('a'), 100 + count);
    }
    expect(checksOf('a')).toBe(1);
    expect(healthy.filter(({ name }) => name === 'a')).toHaveLength(1);
    clock.advance(INTERVAL_MS * 2.2);
    expect(checksOf('a')).toBe(2);
  });

  it('is not as good as a check once the upstream has failed since', async () => {
    const { scheduler, of, clock, checksOf } = await afterFirstRound();
    clock.advance(INTERVAL_MS / 2);
    for (const name of names) scheduler.learnHeight(of(name), 101);
    of('a').failures += 1;
    clock.advance(INTERVAL_MS * 0.7);
    expect([checksOf('a'), checksOf('b')]).toEqual([2, 1]);
  });

  it('does not save the check of one whose last check failed', async () => {
    const { scheduler, of, clock, checksOf, round } = await afterFirstRound();
    await round({ a: DOWN, b: UP });
    clock.advance(INTERVAL_MS / 2);
    for (const name of names) scheduler.learnHeight(of(name), 101);
    clock.advance(INTERVAL_MS * 0.7);
    expect([checksOf('a'), checksOf('b')]).toEqual([3, 2]);
  });

  it('does not count for one that is down, or whose chain is not known', async () => {
    const { scheduler, of, round } = await afterFirstRound({ fall: 1 });
    await round({ a: DOWN });
    scheduler.learnHeight(of('a'), 500);
    expect(of('a').blockHeight).toBe(100);
    of('b').chainId = undefined;
    scheduler.learnHeight(of('b'), 500);
    expect(of('b').blockHeight).toBe(100);
  });

  it('saves no check where checks prove other things', async () => {
    const { scheduler, of, clock, checks, round } = start({ names: ['a'] });
    await round({ a: UP });
    of('a').chainId = '1';
    scheduler.learnHeight(of('a'), 101);
    clock.advance(INTERVAL_MS * 1.2);
    expect(checks).toHaveLength(2);
  });

  it('of an upstream that has left is ignored', async () => {
    const { scheduler, of, upstreams, clock } = await afterFirstRound();
    const a = of('a');
    upstreams.shift();
    clock.advance(INTERVAL_MS * 2);
    scheduler.learnHeight(a, 500);
    expect(a.blockHeight).toBe(100);
  });
});
