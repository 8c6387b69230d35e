import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/pacing/pacer.ts';

/** Longest that anything but a told time keeps requests away. */
const LONGEST_MS = 31_000;

describe('a pacer', () => {
  it('that never saw a refusal is always free and knows nothing', () => {
    const pacer = new Pacer();
    for (let ms = 0; ms < 1000; ms += 1) {
      expect(pacer.freeAtMs(ms)).toBeLessThanOrEqual(ms);
      pacer.sent(1, ms);
      pacer.answered(1, ms, ms);
    }
    expect([pacer.rps(), pacer.source, pacer.used(1000), pacer.isScarce(1000)]).toEqual([
      undefined,
      undefined,
      0,
      false,
    ]);
  });

  it('keeps to its ceiling without learning', () => {
    const pacer = new Pacer({ ceilingRps: 50 });
    let sent = 0;
    for (let ms = 0; ms < 10_000; ms += 1) {
      if (pacer.freeAtMs(ms) > ms) continue;
      sent += 1;
      pacer.sent(1, ms);
      pacer.answered(1, ms, ms);
    }
    expect(sent).toBeGreaterThanOrEqual(499);
    expect(sent).toBeLessThanOrEqual(502);
    expect([pacer.rps(), pacer.source]).toEqual([50, 'rps']);
  });

  it('waits as long as a refusal says', () => {
    const pacer = new Pacer();
    pacer.sent(1, 0);
    pacer.refused(1, 0, 40, 7000);
    expect(pacer.freeAtMs(40)).toBe(7040);
    expect(pacer.used(40)).toBe(1);
  });

  it('keeps to the limit that headers tell before anything is refused', () => {
    const pacer = new Pacer();
    pacer.told({ limit: 100, windowMs: 10_000 }, 0);
    expect([pacer.rps(), pacer.source]).toEqual([10, 'headers']);
    pacer.told({ limit: 1_000_000, windowMs: 30 * 86_400_000 }, 10);
    expect(pacer.rps()).toBe(10);
    pacer.told({ remaining: 0, resetAtMs: 60_000 }, 20);
    expect(pacer.freeAtMs(20)).toBe(60_000);
  });

  it('tries one request at a time while everything is refused, and is back with the first that is not', () => {
    const pacer = new Pacer();
    let trials = 0;
    for (let ms = 0; ms < 300_000; ms += 10) {
      if (pacer.freeAtMs(ms) > ms) continue;
      trials += 1;
      pacer.sent(1, ms);
      pacer.refused(1, ms, ms + 5, undefined);
    }
    expect(trials).toBeLessThan(50);
    const atMs = pacer.freeAtMs(300_000);
    expect(atMs - 300_000).toBeLessThan(LONGEST_MS);
    pacer.sent(1, atMs);
    pacer.answered(1, atMs, atMs + 5);
    expect(pacer.freeAtMs(atMs + 10)).toBeLessThanOrEqual(atMs + 10);
  });

  it('holds nobody up for a batch that was refused', () => {
    const pacer = new Pacer();
    const batch = 1000;
    let nowMs = 0;
    for (let sent = 0; sent < 100; sent += 1) {
      nowMs = Math.max(nowMs + 10, pacer.freeAtMs(nowMs));
      pacer.sent(1, nowMs);
      if (sent === 50) pacer.refused(1, nowMs, nowMs, undefined);
      else pacer.answered(1, nowMs, nowMs);
    }
    expect(pacer.rps()).toBeLessThan(110);
    nowMs += 1000;
    pacer.sent(batch, nowMs);
    pacer.refused(batch, nowMs, nowMs, undefined);
    expect(pacer.freeAtMs(nowMs)).toBeLessThan(nowMs + 100);
  });

  it('outgrows a rate that is much too low once nothing is refused', () => {
    const pacer = new Pacer();
    const accept = (fromMs: number, toMs: number, most: number) => {
      let count = 0;
      for (let ms = fromMs; ms < toMs; ms += 1) {
        if (pacer.freeAtMs(ms) > ms) continue;
        pacer.sent(1, ms);
        if (++count > most) pacer.refused(1, ms, ms, undefined);
        else pacer.answered(1, ms, ms);
      }
      return count;
    };
    accept(0, 1000, 2);
    accept(1000, 90_000, Infinity);
    expect(accept(90_000, 91_000, Infinity)).toBeGreaterThan(100);
  });

  it('is never stuck and never negative, whatever happened', () => {
    const step = fc.record({
      what: fc.constantFrom('sent', 'answered', 'refused', 'told', 'lost', 'header'),
      waitMs: fc.oneof(fc.nat(20), fc.nat(2000), fc.nat(100_000)),
      calls: fc.integer({ min: 1, max: 30 }),
    });
    const property = fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const pacer = new Pacer();
      const open: { calls: number; atMs: number }[] = [];
      let nowMs = 1;
      for (const { what, waitMs, calls } of steps) {
        nowMs += waitMs;
        if (what === 'sent') {
          pacer.sent(calls, nowMs);
          open.push({ calls, atMs: nowMs });
        } else if (what === 'header')
          pacer.told({ limit: calls, windowMs: 1000, remaining: 0, resetAtMs: nowMs + 900 }, nowMs);
        else {
          const one = open.shift();
          if (one === undefined) continue;
          if (what === 'answered') pacer.answered(one.calls, one.atMs, nowMs);
          else if (what === 'lost') pacer.lost(one.atMs);
          else pacer.refused(one.calls, one.atMs, nowMs, what === 'told' ? 500 : undefined);
        }
        expect(Number.isFinite(pacer.freeAtMs(nowMs)) || pacer.freeAtMs(nowMs) === -Infinity).toBe(true);
        expect(pacer.used(nowMs)).toBeGreaterThanOrEqual(0);
        expect(pacer.rps() ?? 1).toBeGreaterThan(0);
      }
      for (const { atMs } of open) pacer.lost(atMs);
      // Whatever was spent too early, a request goes out in the end, and its acceptance opens the way.
      const atMs = Math.max(nowMs, pacer.freeAtMs(nowMs));
      expect(pacer.freeAtMs(atMs)).toBeLessThanOrEqual(atMs);
      pacer.sent(1, atMs);
      pacer.answered(1, atMs, atMs + 1);
      expect(pacer.freeAtMs(atMs + 1)).toBeLessThan(Infinity);
    });
    fc.assert(property, { seed: 7, numRuns: 150 });
  });
});

describe('calls in flight', () => {
  it('are not blamed for a call that another one overtook', () => {
    const pacer = new Pacer();
    let nowMs = 0;
    /** Two at a time are allowed; of three the last one is refused. */
    const three = () => {
      for (const ms of [0, 1, 2]) pacer.sent(1, nowMs + ms);
      pacer.refused(1, nowMs + 2, nowMs + 4, undefined);
      for (const ms of [0, 1]) pacer.answered(1, nowMs + ms, nowMs + 20);
      nowMs += 200;
    };
    for (let times = 0; times < 4; times += 1) three();
    expect(pacer.rps()).toBeUndefined();
    const fits = () => {
      pacer.sent(1, nowMs);
      const isFree = pacer.freeAtMs(nowMs + 1) <= nowMs + 1;
      pacer.lost(nowMs);
      return isFree;
    };
    expect(fits()).toBe(true);
    // The third one arrives before the second.
    for (const ms of [0, 1, 2]) pacer.sent(1, nowMs + ms);
    pacer.refused(1, nowMs + 1, nowMs + 4, undefined);
    for (const ms of [0, 2]) pacer.answered(1, nowMs + ms, nowMs + 20);
    nowMs += 200;
    expect(fits()).toBe(true);
  });
});
