import { describe, expect, it } from 'vitest';
import { Pacer } from '../../src/pacing/pacer.ts';
import { Scout } from '../../src/pacing/scout.ts';

/** Refused again and again until `untilMs`, each time at once. Returns how many times, and when the next trial is due. */
function refuse(pacer: Pacer, fromMs: number, untilMs: number): { count: number; nextMs: number } {
  let count = 0;
  let nowMs = fromMs;
  while (nowMs < untilMs) {
    pacer.sent(1, nowMs);
    pacer.refused(1, nowMs, nowMs, undefined);
    count += 1;
    nowMs = Math.max(nowMs + 1, pacer.freeAtMs(nowMs));
  }
  return { count, nextMs: nowMs };
}

function refusing(): { scout: Scout; trying: Pacer; left: Pacer } {
  const scout = new Scout();
  const trying = new Pacer({ scout });
  const left = new Pacer({ scout });
  refuse(trying, 0, 8_000);
  refuse(left, 0, 8_000);
  return { scout, trying, left };
}

describe('of two that refuse everything', () => {
  it('one goes on trying at short gaps, and the other one is left alone', () => {
    const { trying, left } = refusing();
    expect(refuse(trying, trying.freeAtMs(8_000), 30_000).count).toBeGreaterThan(6);
    expect(refuse(left, left.freeAtMs(8_000), 30_000)).toEqual({ count: 1, nextMs: expect.any(Number) });
    expect(left.freeAtMs(30_000)).toBeGreaterThan(38_000);
  });

  it('the other one is tried as soon as the first is accepted', () => {
    const { trying, left } = refusing();
    refuse(trying, trying.freeAtMs(8_000), 15_000);
    refuse(left, left.freeAtMs(8_000), 15_000);
    expect(left.freeAtMs(16_000)).toBeGreaterThan(38_000);
    trying.sent(1, 16_000);
    trying.answered(1, 16_000, 16_005);
    expect(left.freeAtMs(16_005)).toBeLessThanOrEqual(16_005);
  });

  it('the first is left alone as well once that has helped the other one', () => {
    const { trying, left } = refusing();
    let atMs = refuse(trying, trying.freeAtMs(8_000), 15_000).nextMs;
    const { nextMs } = refuse(left, left.freeAtMs(8_000), 15_000);
    atMs = refuse(trying, atMs, nextMs).nextMs;
    left.sent(1, nextMs);
    left.answered(1, nextMs, nextMs + 5);
    trying.sent(1, atMs);
    trying.refused(1, atMs, atMs, undefined);
    expect(trying.freeAtMs(atMs) - atMs).toBeGreaterThanOrEqual(30_000);
    atMs = trying.freeAtMs(atMs);
    trying.sent(1, atMs);
    trying.answered(1, atMs, atMs + 5);
    expect(trying.freeAtMs(atMs + 1000)).toBeLessThanOrEqual(atMs + 1000);
  });

  it('it is the one that accepted least which goes on trying, for one turn', () => {
    const scout = new Scout();
    const [banned, out] = [new Pacer({ scout }), new Pacer({ scout })];
    for (let call = 0; call < 10; call += 1) {
      banned.sent(1, 0);
      banned.answered(1, 0, 0);
    }
    let bannedMs = refuse(banned, 1, 10_000).nextMs;
    let outMs = refuse(out, 1, 12_000).nextMs;
    bannedMs = refuse(banned, bannedMs, 30_000).nextMs;
    outMs = refuse(out, outMs, 40_000).nextMs;
    expect([bannedMs, outMs].map((atMs) => Math.round(atMs / 10_000))).toEqual([4, 4]);
    // Then it may be the one that bans.
    outMs = refuse(out, outMs, 65_000).nextMs;
    refuse(banned, bannedMs, 70_000);
    expect(refuse(out, outMs, 95_000).count).toBeLessThan(3);
  });

  it('the other one takes over when nobody asks for the first any more', () => {
    const { trying, left } = refusing();
    refuse(trying, trying.freeAtMs(8_000), 12_000);
    const atMs = refuse(left, left.freeAtMs(8_000), 15_000).nextMs;
    expect(refuse(left, atMs, atMs + 20_000).count).toBeGreaterThan(3);
  });
});
