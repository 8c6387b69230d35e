import { describe, expect, it } from 'vitest';
import type { Blame } from '../../src/upstreams/quarantine.ts';
import { seededRandom } from '../support/seeded-random.ts';
import { upstream } from '../support/upstreams.ts';
import { A, B, DAY, forMs, MINUTE, makeQuarantine, SECOND } from './quarantine-bench.ts';

describe('Quarantine, repetition in auto', () => {
  it('doubles for a repeat offender up to five minutes', () => {
    const { serve } = makeQuarantine();
    const rests = Array.from({ length: 9 }, () => serve({ reason: 'reset' }));
    expect(rests.map((ms) => ms / SECOND)).toEqual([5, 10, 20, 40, 80, 160, 300, 300, 300]);
  });

  it('begins anew ten minutes after the last quarantine', () => {
    const { serve, clock } = makeQuarantine();
    serve({ reason: 'reset' });
    clock.advance(10 * MINUTE);
    expect(serve({ reason: 'reset' })).toBe(10 * SECOND);
    clock.advance(10 * MINUTE);
    expect(serve({ reason: 'reset' })).toBe(20 * SECOND);
    clock.advance(10 * MINUTE + 1);
    expect(serve({ reason: 'reset' })).toBe(5 * SECOND);
  });

  it('doubles nothing for failures that were in flight together', () => {
    const { quarantine, clock, restMs, serve } = makeQuarantine();
    for (let i = 0; i < 50; i++) quarantine.add(A, { reason: 'reset' });
    expect(restMs()).toBe(5 * SECOND);
    clock.advance(5 * SECOND);
    quarantine.add(A, { reason: 'reset' });
    for (let i = 0; i < 50; i++) quarantine.add(A, { reason: 'timeout' });
    expect(restMs()).toBe(10 * SECOND);
    clock.advance(10 * SECOND);
    expect(serve({ reason: 'reset' })).toBe(20 * SECOND);
  });

  it('does not hold rate limits, plan or auth against an upstream that breaks later', () => {
    const { serve } = makeQuarantine();
    for (let i = 0; i < 6; i++) serve({ reason: 'rate-limited', rest: forMs(SECOND) });
    expect(serve({ reason: 'auth' })).toBe(15 * MINUTE);
    serve({ reason: 'rate-limited', rest: forMs(SECOND) });
    expect(serve({ reason: 'reset' })).toBe(10 * SECOND);
    serve({ reason: 'rate-limited', rest: forMs(SECOND) });
    expect(serve({ reason: 'reset' })).toBe(20 * SECOND);
  });

  it('doubles rate limits without a stated time up to 30 s, until a success', () => {
    const { quarantine, serve, clock } = makeQuarantine();
    const blame: Blame = { reason: 'rate-limited' };
    const rests = Array.from({ length: 7 }, () => serve(blame));
    expect(rests.map((ms) => ms / SECOND)).toEqual([1, 2, 4, 8, 16, 30, 30]);
    clock.advance(DAY);
    expect(serve(blame)).toBe(30 * SECOND);
    quarantine.succeeded(B);
    expect(serve(blame)).toBe(30 * SECOND);
    quarantine.succeeded(A);
    expect(serve(blame)).toBe(SECOND);
    expect(serve(blame)).toBe(2 * SECOND);
  });

  it('does not count rate limits with a stated time, nor those in flight together', () => {
    const { quarantine, serve, clock } = makeQuarantine();
    serve({ reason: 'rate-limited', rest: forMs(9_000) });
    for (let i = 0; i < 20; i++) quarantine.add(A, { reason: 'rate-limited' });
    clock.advance(SECOND);
    expect(quarantine.entryOf(A)).toBeUndefined();
    expect(serve({ reason: 'rate-limited' })).toBe(2 * SECOND);
  });

  it('counts a rate limit met during another quarantine as the first', () => {
    const { quarantine, serve, clock } = makeQuarantine();
    quarantine.add(A, { reason: 'reset' });
    quarantine.add(A, { reason: 'rate-limited' });
    clock.advance(5 * SECOND);
    expect(serve({ reason: 'rate-limited' })).toBe(2 * SECOND);
  });

  it('spreads what grows by 10 % to either side, and nothing else', () => {
    const least = makeQuarantine({ random: () => 0 });
    const most = makeQuarantine({ random: () => 1 - Number.EPSILON });
    expect(least.serve({ reason: 'reset' })).toBeCloseTo(4_500, 6);
    expect(most.serve({ reason: 'reset' })).toBeCloseTo(5_500, 6);
    for (let i = 0; i < 10; i++) most.serve({ reason: 'reset' });
    const longest = most.serve({ reason: 'reset' });
    expect(longest).toBeCloseTo(5.5 * MINUTE, 3);
    expect(longest).toBeLessThanOrEqual(5.5 * MINUTE);
    for (const { serve } of [least, most]) {
      expect(serve({ reason: 'rate-limited' })).toBe(SECOND);
      expect(serve({ reason: 'plan' })).toBe(15 * MINUTE);
      expect(serve({ reason: 'status', rest: forMs(3_000) })).toBe(3_000);
    }
  });

  it('spreads many upstreams that fell together', () => {
    const { quarantine, restMs } = makeQuarantine({ random: seededRandom(7) });
    const rests = Array.from({ length: 200 }, (_, i) => {
      const each = upstream(`u${i}`);
      quarantine.add(each, { reason: 'refused' });
      return restMs(each) ?? 0;
    });
    expect(new Set(rests).size).toBeGreaterThan(190);
    expect(Math.min(...rests)).toBeGreaterThanOrEqual(4_500);
    expect(Math.max(...rests)).toBeLessThan(5_500);
    expect(Math.max(...rests) - Math.min(...rests)).toBeGreaterThan(900);
  });
});

describe('Quarantine of methods', () => {
  const blame: Blame = { reason: 'method-unsupported', method: 'trace_block' };

  it('bans the one method of the one upstream for five minutes', () => {
    const { quarantine, changes, clock, events } = makeQuarantine();
    quarantine.add(A, blame);
    expect(quarantine.methods.banOf(A, 'trace_block')).toMatchObject({
      reason: 'method-unsupported',
      mayTry: false,
    });
    expect(quarantine.methods.banOf(A, 'trace_call')).toBeUndefined();
    expect(quarantine.methods.banOf(B, 'trace_block')).toBeUndefined();
    expect(quarantine.entryOf(A)).toBeUndefined();
    expect(changes.version).toBe(0);
    expect(events).toEqual([
      {
        type: 'upstream-quarantined',
        upstream: A.identity,
        reason: 'method-unsupported',
        method: 'trace_block',
        durationMs: 5 * MINUTE,
      },
    ]);
    clock.advance(5 * MINUTE);
    expect(quarantine.methods.banOf(A, 'trace_block')).toBeUndefined();
  });

  it('bans nothing when the method is not named', () => {
    const { quarantine, events } = makeQuarantine();
    quarantine.add(A, { reason: 'method-unsupported' });
    expect(quarantine.entryOf(A)).toBeUndefined();
    expect(events).toEqual([]);
  });

  it('does not keep names of absurd length', () => {
    const { quarantine } = makeQuarantine();
    const [longest, tooLong] = ['m'.repeat(256), 'm'.repeat(257)];
    for (const method of [longest, tooLong]) quarantine.add(A, { reason: 'method-unsupported', method });
    expect(quarantine.methods.banOf(A, longest)).toBeDefined();
    expect(quarantine.methods.banOf(A, tooLong)).toBeUndefined();
  });

  it('counts no rate limits of single methods', () => {
    const { quarantine, serve, clock } = makeQuarantine();
    for (let i = 0; i < 5; i++) {
      quarantine.add(A, { reason: 'rate-limited', method: 'eth_getLogs' });
      expect(quarantine.methods.banOf(A, 'eth_getLogs')).toBeDefined();
      clock.advance(SECOND);
      expect(quarantine.methods.banOf(A, 'eth_getLogs')).toBeUndefined();
    }
    expect(serve({ reason: 'rate-limited' })).toBe(SECOND);
  });

  it('pushes out neither a repeat offender nor an upstream when 5,000 odd names come', () => {
    const { quarantine, clock } = makeQuarantine();
    quarantine.add(A, blame);
    clock.advance(5 * MINUTE);
    quarantine.add(A, blame);
    quarantine.add(B, { reason: 'auth' });
    for (let i = 0; i < 5_000; i++) {
      for (const upstream of [A, B])
        quarantine.add(upstream, { reason: 'method-unsupported', method: `odd_${i}` });
    }
    expect(quarantine.methods.banOf(A, 'trace_block')).toBeDefined();
    expect(quarantine.entryOf(B)).toMatchObject({ reason: 'auth' });
    expect(quarantine.methods.banOf(A, 'odd_0')).toBeUndefined();
    expect(quarantine.methods.banOf(A, 'odd_4999')).toBeDefined();
  });
});

describe('Quarantine of many upstreams', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => upstream(`u${i}`));

  it('forgets no upstream for lack of room', () => {
    const { quarantine, clock } = makeQuarantine();
    for (const each of many) quarantine.add(each, { reason: 'reset' });
    for (const each of many) expect(quarantine.entryOf(each)).toBeDefined();
    clock.advance(5 * SECOND);
    // The first quarantine of each is remembered, although all of them are ghosts now.
    for (const each of many) quarantine.add(each, { reason: 'reset' });
    clock.advance(10 * SECOND - 1);
    for (const each of many) expect(quarantine.entryOf(each)).toBeDefined();
  });
});
