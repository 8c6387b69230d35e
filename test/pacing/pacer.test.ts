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
    // Nothing was refused yet: the headers may be meant for others.
    expect(pacer.freeAtMs(20)).toBe(2_020);
    pacer.sent(1, 2_020);
    pacer.refused(1, 2_020, 2_025, undefined);
    expect(pacer.freeAtMs(2_025)).toBe(60_000);
    pacer.told({ remaining: 0, resetAtMs: 120_000 }, 60_010);
    expect(pacer.freeAtMs(60_010)).toBe(120_000);
  });

  it('ignores headers that say again and again that nothing is left, where all is accepted', () => {
    const pacer = new Pacer();
    let accepted = 0;
    for (let ms = 0; ms < 10_000; ms += 100) {
      if (pacer.freeAtMs(ms) > ms) continue;
      pacer.sent(1, ms);
      pacer.answered(1, ms, ms + 10);
      pacer.told({ remaining: 0, resetAtMs: 300_000 }, ms + 10);
      accepted += 1;
    }
    expect(accepted).toBeGreaterThan(75);
  });

  describe.each([
    ['1 in 10 minutes', 1, 600_000],
    ['5 in a minute', 5, 60_000],
  ])('that is told a limit of %s', (_, limit, windowMs) => {
    /** Sends all that may be sent for so long; how many were. */
    const run = (
      pacer: Pacer,
      fromMs: number,
      toMs: number,
      accepts: (sent: number, ms: number) => boolean,
    ) => {
      let sent = 0;
      for (let ms = fromMs; ms < toMs; ms += 100) {
        if (pacer.freeAtMs(ms) > ms) continue;
        sent += 1;
        pacer.sent(1, ms);
        if (accepts(sent, ms)) pacer.answered(1, ms, ms);
        else pacer.refused(1, ms, ms, undefined);
        pacer.told({ limit, windowMs }, ms);
      }
      return sent;
    };

    it('keeps to it, once it was refused more', () => {
      const pacer = new Pacer();
      const windows = new Map<number, number>();
      const accepts = (_sent: number, ms: number) => {
        const window = Math.floor(ms / windowMs);
        windows.set(window, (windows.get(window) ?? 0) + 1);
        return (windows.get(window) ?? 0) <= limit;
      };
      run(pacer, 0, 2 * windowMs, accepts);
      expect(run(pacer, 2 * windowMs, 12 * windowMs, accepts)).toBeLessThan(11 * limit);
      expect(pacer.rps()).toBeLessThanOrEqual((1000 * limit) / windowMs);
    });

    it('does not believe it where more is accepted', () => {
      const pacer = new Pacer();
      const yes = () => true;
      expect(run(pacer, 0, 21_000, yes)).toBeGreaterThan(limit);
      expect(run(pacer, 21_000, 22_000, yes)).toBe(10);
      expect([pacer.rps(), pacer.source]).toEqual([undefined, undefined]);
      // Nor after a quiet time.
      pacer.told({ limit, windowMs }, 5_000_000);
      expect(run(pacer, 5_000_000, 5_001_000, yes)).toBe(10);
    });

    it('does not believe it at all while more is accepted, or left', () => {
      const pacer = new Pacer();
      for (let ms = 0; ms < 1000; ms += 10) {
        pacer.sent(1, ms);
        pacer.answered(1, ms, ms);
      }
      pacer.told({ limit, windowMs }, 1000);
      const other = new Pacer();
      other.told({ limit, windowMs, remaining: 100 }, 1000);
      expect([pacer.rps(), other.rps()]).toEqual([undefined, undefined]);
    });
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
    // Where the upstream counts requests, it takes the whole of it.
    nowMs += 1000;
    pacer.sent(batch, nowMs);
    pacer.answered(batch, nowMs, nowMs);
    expect(pacer.freeAtMs(nowMs)).toBeLessThanOrEqual(nowMs + 1000);
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
