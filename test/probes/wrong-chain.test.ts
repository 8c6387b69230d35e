// What becomes of an upstream that answers for another chain than the others.
import { describe, expect, it } from 'vitest';
import { DOWN, INTERVAL_MS, on, setUp, UP, upstream } from './scripted.ts';

const LIMITED = { up: true, limited: true } as const;

function start(change: Parameters<typeof setUp>[0]) {
  const made = setUp(change);
  made.scheduler.start();
  /** `a:up b:wrong-chain`. */
  const states = () => made.upstreams.map(({ name, down }) => `${name}:${down?.reason ?? 'up'}`).join(' ');
  return { ...made, states };
}

describe('an upstream on another chain than most', () => {
  it('is taken out, with what it is on and what it should be on', async () => {
    const { round, states, events } = start({ names: ['a', 'b', 'c'] });
    await round({ a: on('1'), b: on('5'), c: on('1') });
    expect(states()).toBe('a:up b:wrong-chain c:up');
    expect(events).toMatchObject([
      {
        type: 'upstream-down',
        upstream: { name: 'b', tier: 'primary' },
        reason: 'wrong-chain',
        problem: 'chain 5 instead of 1',
      },
    ]);
  });

  it('is not found before all were asked: the first one is no majority', async () => {
    const { round, states, events } = start({ names: ['a', 'b', 'c'] });
    await round({ a: on('5') });
    await round({ b: on('1') });
    expect(states()).toBe('a:up b:up c:up');
    expect(events).toEqual([]);
    await round({ c: on('1') });
    expect(states()).toBe('a:wrong-chain b:up c:up');
  });

  it('is found in spite of others that can not be asked', async () => {
    const { round, states } = start({ names: ['a', 'b', 'c', 'd'], fall: 1 });
    await round({ a: on('1'), b: on('5'), c: on('1'), d: DOWN });
    expect(states()).toBe('a:up b:wrong-chain c:up d:probe-failed');
  });

  it('comes back at the first check at which it is on the right one', async () => {
    const { round, states, events, of, clock } = start({ names: ['a', 'b', 'c'], rise: 3 });
    await round({ a: on('1'), b: on('5'), c: on('1') });
    const sinceMs = of('b').down?.sinceMs ?? 0;
    await round({ a: UP, b: on('5'), c: UP });
    expect(events).toHaveLength(1);
    await round({ b: on('1') });
    expect(states()).toBe('a:up b:up c:up');
    const downMs = clock.monotonicMs() - sinceMs;
    expect(events.slice(1)).toMatchObject([
      { type: 'upstream-up', upstream: { name: 'b', tier: 'primary' }, downMs },
    ]);
    expect(of('b').upSinceMs).toBe(clock.monotonicMs());
  });

  it('stays out while its chain is not told, and while it is dead', async () => {
    const { round, states, events } = start({ names: ['a', 'b', 'c'], fall: 1 });
    await round({ a: on('1'), b: on('5'), c: on('1') });
    await round({ a: UP, b: LIMITED, c: UP });
    await round({ a: UP, b: DOWN, c: UP });
    await round({ a: UP, b: DOWN, c: UP });
    expect(states()).toBe('a:up b:wrong-chain c:up');
    expect(events).toHaveLength(1);
  });

  it('that was dead before never comes up', async () => {
    const { round, states, events } = start({ names: ['a', 'b', 'c'], fall: 1 });
    await round({ a: on('1'), b: DOWN, c: on('1') });
    expect(states()).toBe('a:up b:probe-failed c:up');
    await round({ b: on('5') });
    expect(states()).toBe('a:up b:wrong-chain c:up');
    expect(events.map(({ type }) => type)).toEqual(['upstream-down', 'upstream-down']);
  });

  it('is not made right by the others being out', async () => {
    const { round, states } = start({ names: ['a', 'b', 'c'], fall: 1 });
    await round({ a: on('1'), b: on('5'), c: on('1') });
    await round({ a: DOWN, b: on('5'), c: DOWN });
    await round({ a: DOWN, b: on('5'), c: DOWN });
    expect(states()).toBe('a:probe-failed b:wrong-chain c:probe-failed');
  });

  it('forgets its height: it is one of another chain', async () => {
    const { round, of } = start({ names: ['a', 'b', 'c'] });
    await round({ a: on('1', 100), b: on('1', 100), c: on('1', 100) });
    expect(of('b').blockHeight).toBe(100);
    await round({ a: UP, b: on('5', 8), c: UP });
    expect(of('b').blockHeight).toBeUndefined();
    expect(of('a').blockHeight).toBe(100);
  });

  it('has no height that counts from its first check on', async () => {
    const { round, of } = start({ names: ['a', 'b', 'c'] });
    await round({ a: on('1', 100), c: on('1', 100) });
    await round({ b: on('5', 7) });
    expect(of('b').down?.reason).toBe('wrong-chain');
    expect(of('b').blockHeight).toBeUndefined();
  });
});

describe('the majority', () => {
  it('may move: who was right is taken out, who was wrong comes back', async () => {
    const { round, states } = start({ names: ['a', 'b', 'c'], fall: 1 });
    await round({ a: on('1'), b: on('1'), c: on('5') });
    await round({ a: DOWN, b: UP, c: on('5') });
    await round({ a: on('5'), b: UP, c: on('5') });
    expect(states()).toBe('a:up b:wrong-chain c:up');
  });

  it('that moves brings back one as dead that is dead meanwhile', async () => {
    const { round, states, events } = start({ names: ['a', 'b', 'c'], fall: 1 });
    await round({ a: on('1'), b: on('1'), c: on('5') });
    await round({ c: DOWN });
    await round({ a: DOWN, b: UP });
    await round({ a: on('5'), b: UP });
    expect(states()).toBe('a:up b:wrong-chain c:probe-failed');
    const problem = 'back on the right chain, but dead';
    expect(events).toContainEqual(expect.objectContaining({ reason: 'probe-failed', problem }));
    await round({ c: on('5') });
    expect(states()).toBe('a:up b:wrong-chain c:up');
  });

  it('is made of those that are in the lists: a newcomer may turn the scale', async () => {
    const { round, states, upstreams } = start({ names: ['a', 'b'], fallbacks: ['b'] });
    await round({ a: on('1'), b: on('5') });
    expect(states()).toBe('a:up b:wrong-chain');
    upstreams.push(upstream('c'), upstream('d'));
    await round({ a: UP, b: on('5'), c: on('5') });
    expect(states()).toBe('a:up b:wrong-chain c:wrong-chain d:up');
    await round({ d: on('5') });
    expect(states()).toBe('a:wrong-chain b:up c:up d:up');
  });

  it('is nobody where two primaries disagree: both serve, and it is announced once', async () => {
    const { round, states, events } = start({ names: ['a', 'b'] });
    await round({ a: on('1'), b: on('5') });
    await round({ a: UP, b: UP });
    expect(states()).toBe('a:up b:up');
    expect(events).toMatchObject([{ type: 'chain-undecided', chains: '1 (a), 5 (b)' }]);
  });

  it('is the primaries where as many fallbacks disagree', async () => {
    const { round, states } = start({ names: ['a', 'b'], fallbacks: ['a'] });
    await round({ a: on('5'), b: on('1') });
    expect(states()).toBe('a:wrong-chain b:up');
  });

  it('of a check that tells no chain is none', async () => {
    const { round, states, events } = start({ names: ['a', 'b'] });
    await round({ a: UP, b: UP });
    expect(states()).toBe('a:up b:up');
    expect(events).toEqual([]);
  });
});

describe('CHAIN_ID', () => {
  it('takes one out at once, and all of them if need be', async () => {
    const { round, states, events } = start({ names: ['a', 'b'], expectedChain: '1' });
    await round({ a: on('5') });
    expect(states()).toBe('a:wrong-chain b:up');
    await round({ b: on('5') });
    expect(states()).toBe('a:wrong-chain b:wrong-chain');
    expect(events).toHaveLength(2);
    expect(events[1]).toMatchObject({ problem: 'chain 5 instead of 1' });
  });
});

it('a check that was refused for a limit proves nothing, and brings a dead one up', async () => {
  const { answer, healthy, states, scheduler } = start({ names: ['a'], fall: 1 });
  await answer(DOWN);
  await answer(LIMITED);
  expect(states()).toBe('a:up');
  expect(healthy).toEqual([]);
  scheduler.stop();
});

it('limits do not take an upstream down', async () => {
  const { answer, states, clock } = start({ names: ['a'], fall: 1 });
  for (let count = 0; count < 5; count += 1) await answer(LIMITED);
  clock.advance(INTERVAL_MS);
  expect(states()).toBe('a:up');
});
