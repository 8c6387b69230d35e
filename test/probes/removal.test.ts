// REMOVE_UNHEALTHY_AFTER: who is down for too long leaves.
import { expect, it } from 'vitest';
import { DOWN, INTERVAL_MS, on, setUp, UP } from './scripted.ts';

const AFTER_MS = INTERVAL_MS * 5;

function start(change: Parameters<typeof setUp>[0] = {}) {
  const made = setUp({ names: ['a', 'b'], fall: 1, removeAfterMs: AFTER_MS, ...change });
  made.scheduler.start();
  const kept = () => made.events.filter(({ type }) => type === 'upstream-kept');
  /** Checks everybody until the time is over, and longer than that. */
  const pass = async (answers: Parameters<typeof made.round>[0], rounds = 8) => {
    for (let count = 0; count < rounds; count += 1) {
      const left = Object.entries(answers).filter(([each]) =>
        made.upstreams.some((one) => one.name === each),
      );
      await made.round(Object.fromEntries(left));
    }
  };
  return { ...made, kept, pass };
}

it('an upstream that was down so long without a break is removed, not a check earlier', async () => {
  const { pass, removed, of, clock, checks } = start();
  await pass({ a: DOWN, b: UP }, 1);
  const sinceMs = of('a').down?.sinceMs ?? 0;
  while (removed.length === 0) {
    const before = clock.monotonicMs();
    await pass({ a: DOWN, b: UP }, 1);
    if (removed.length === 0) expect(before - sinceMs).toBeLessThan(AFTER_MS);
  }
  expect(removed.map(({ name }) => name)).toEqual(['a']);
  const last = checks.filter(({ name }) => name === 'a').at(-1)?.atMs ?? 0;
  expect(last - sinceMs).toBeGreaterThanOrEqual(AFTER_MS - 100);
  expect(last - sinceMs).toBeLessThan(AFTER_MS + INTERVAL_MS * 1.2);
  const number = checks.filter(({ name }) => name === 'a').length;
  clock.advance(INTERVAL_MS * 5);
  expect(checks.filter(({ name }) => name === 'a')).toHaveLength(number);
});

it('a break begins the time anew', async () => {
  const { pass, removed } = start();
  for (let count = 0; count < 4; count += 1) {
    await pass({ a: DOWN, b: UP }, 4);
    await pass({ a: UP, b: UP }, 1);
  }
  expect(removed).toEqual([]);
});

it('the last one of each list stays', async () => {
  const { pass, removed, kept } = start({ fallbacks: ['b'] });
  await pass({ a: DOWN, b: UP }, 12);
  expect(removed).toEqual([]);
  expect(kept()).toHaveLength(1);
});

it('that the last one of a list stays is announced once for each outage', async () => {
  const { pass, removed, kept, upstreams } = start({ names: ['a', 'b'] });
  await pass({ a: DOWN, b: DOWN }, 12);
  expect(removed).toHaveLength(1);
  expect(upstreams).toHaveLength(1);
  expect(kept()).toHaveLength(1);
  const last = upstreams[0]?.name ?? '';
  expect(kept()[0]).toMatchObject({ upstream: { name: last }, downMs: expect.any(Number) });
  await pass({ [last]: UP }, 1);
  await pass({ [last]: DOWN }, 8);
  expect(kept()).toHaveLength(2);
});

it('the last one whose chain may be right stays, or the wrong one would be the majority', async () => {
  const { pass, removed, kept, of } = start({ names: ['a', 'b', 'c'] });
  await pass({ a: on('1'), b: on('1'), c: on('5') }, 1);
  await pass({ a: DOWN, b: DOWN, c: on('5') }, 12);
  expect(removed).toHaveLength(1);
  expect(kept()).toHaveLength(1);
  expect(of('c').down?.reason).toBe('wrong-chain');
});

it('one on the wrong chain is not removed: it lives, and an operator must look', async () => {
  const { pass, removed, of } = start({ names: ['a', 'b', 'c'] });
  await pass({ a: on('1'), b: on('1'), c: on('5') }, 1);
  await pass({ a: UP, b: UP, c: on('5') }, 8);
  await pass({ a: UP, b: UP, c: DOWN }, 8);
  expect(removed).toEqual([]);
  expect(of('c').down?.reason).toBe('wrong-chain');
});

it('nobody is removed where it is off', async () => {
  const { pass, removed, events } = start({ removeAfterMs: Number.POSITIVE_INFINITY });
  await pass({ a: DOWN, b: DOWN }, 20);
  expect(removed).toEqual([]);
  expect(events.map(({ type }) => type)).toEqual(['upstream-down', 'upstream-down']);
});
