import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SharedBuckets } from '../../src/clients/shared-buckets.ts';
import { SharedLimiter } from '../../src/clients/shared-limiter.ts';

function limited(rps: number, share = 1) {
  const buckets = new SharedBuckets();
  buckets.evenPart = share;
  const bucket = buckets.ofName('alice', rps);
  const limiter = new SharedLimiter('alice', rps, () => bucket, buckets);
  return { buckets, bucket, charge: (calls: number, nowMs: number) => limiter.charge('', calls, nowMs) };
}

describe("a process's part of a limit", () => {
  it('admits as many calls at once as are for it, and as many in each second', () => {
    const { charge } = limited(20, 0.25);
    for (let i = 0; i < 5; i += 1) expect(charge(1, 1_000).waitMs).toBe(0);
    expect(charge(1, 1_000).waitMs).toBeGreaterThan(0);
    let admitted = 0;
    for (let nowMs = 1_000; nowMs < 11_000; nowMs += 10) if (charge(1, nowMs).waitMs === 0) admitted += 1;
    expect(admitted).toBe(49);
  });

  it('admits one call at least, however small it is', () => {
    const { charge } = limited(1, 0.1);
    expect(charge(1, 0).waitMs).toBe(0);
    expect(charge(1, 5_000).waitMs).toBeGreaterThan(0);
    expect(charge(1, 10_000).waitMs).toBe(0);
  });

  it('tells the whole limit, and what is left of it as well as is known', () => {
    const { charge, bucket } = limited(20, 0.5);
    expect(charge(2, 0).lines).toEqual([
      ...['RateLimit-Policy', '"alice";q=20;w=1'],
      ...['RateLimit', '"alice";r=18;t=1'],
    ]);
    bucket.setPart(0.5, 10, 0);
    expect(charge(1, 0).lines.at(-1)).toBe('"alice";r=7;t=1');
  });

  it('asks for more early: when half of it is used, and when it is not enough', () => {
    const { charge, buckets } = limited(20, 0.5);
    const asked: boolean[] = [];
    buckets.onUse = (isUrgent) => asked.push(isUrgent);
    for (let i = 0; i < 5; i += 1) charge(1, 0);
    expect(asked).toEqual([false]);
    charge(1, 0);
    expect(asked).toEqual([false, true]);
    for (let i = 0; i < 5; i += 1) charge(1, 0);
    expect(asked).toEqual([false, true, true]);
  });

  it('keeps what is used up when it becomes another one', () => {
    const shares = fc.double({ min: 0.01, max: 1, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(shares, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 40 }),
        (all, calls) => {
          const { charge, bucket } = limited(100, 0.5);
          charge(calls, 0);
          for (const share of all) bucket.setPart(share, 0, 0);
          expect(bucket.usedAt(0)).toBeCloseTo(calls, 6);
        },
      ),
    );
  });

  it('knows an address by a hash, and forgets those that use nothing', () => {
    const buckets = new SharedBuckets();
    const limiter = new SharedLimiter('address', 10, (address) => buckets.ofAddress(address, 10), buckets);
    limiter.charge('192.0.2.7', 1, 0);
    const [bucket] = buckets.told(0);
    expect(bucket?.who).toMatch(/^address [0-9a-f]{24}$/);
    expect(buckets.told(5_000)).toEqual([]);
  });

  it('tells others of no more than a hundred clients, those that ask for most', () => {
    const buckets = new SharedBuckets();
    const limiter = new SharedLimiter(
      'address',
      1_000,
      (address) => buckets.ofAddress(address, 1_000),
      buckets,
    );
    for (let i = 0; i < 300; i += 1) limiter.charge(`10.0.${i}`, i + 1, 0);
    const told = buckets.told(0);
    expect(told.length).toBe(100);
    expect(Math.min(...told.map(({ asked }) => asked.lastSecond(0)))).toBe(201);
  });
});
