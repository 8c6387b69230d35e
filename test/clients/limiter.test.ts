import { describe, expect, it } from 'vitest';
import { AddressBuckets, Limiter, newBucket } from '../../src/clients/limiter.ts';

function limited(rps: number) {
  const bucket = newBucket();
  const limiter = new Limiter('alice', rps, () => bucket);
  return (calls: number, nowMs: number) => limiter.charge('', calls, nowMs);
}

describe('a limit', () => {
  it.each([1, 3, 7, 30, 1_000, 999_999])(
    'admits %d at once, no more, and as many in each second after',
    (rps) => {
      const charge = limited(rps);
      const count = Math.min(rps, 1_000);
      for (let i = 0; i < count; i += 1) expect(charge(rps / count, 12_345_678.9).waitMs).toBe(0);
      const { waitMs } = charge(1, 12_345_678.9);
      expect(waitMs).toBeCloseTo(1_000 / rps, 2);
      expect(charge(1, 12_345_678.9 + waitMs).waitMs).toBe(0);
    },
  );

  it('tells what is left, and when all will be there again', () => {
    const charge = limited(30);
    expect(charge(1, 0).lines).toEqual([
      'RateLimit-Policy',
      '"alice";q=30;w=1',
      'RateLimit',
      '"alice";r=29;t=1',
    ]);
    expect(charge(28, 0).lines.at(-1)).toBe('"alice";r=1;t=1');
    expect(charge(2, 0).lines.at(-1)).toBe('"alice";r=1;t=1');
    expect(charge(1, 0).lines.at(-1)).toBe('"alice";r=0;t=1');
    expect(charge(1, 500).lines.at(-1)).toBe('"alice";r=14;t=1');
  });

  it('is overdrawn by what is larger than it when it is full, which is paid off then', () => {
    const charge = limited(10);
    expect(charge(35, 0)).toEqual({ waitMs: 0, lines: expect.arrayContaining(['"alice";r=0;t=4']) });
    expect(charge(1, 2_500).waitMs).toBeCloseTo(100, 2);
    expect(charge(1, 2_600).waitMs).toBe(0);
    expect(charge(35, 3_000).waitMs).toBeCloseTo(600, 2);
    expect(charge(35, 3_600).waitMs).toBe(0);
  });

  it('charges nothing for what it refuses', () => {
    const charge = limited(2);
    charge(2, 0);
    for (let i = 0; i < 100; i += 1) charge(1, 0);
    expect(charge(1, 500).waitMs).toBe(0);
  });
});

it('the buckets of a spray of addresses are bounded, and each is one of its own', () => {
  const buckets = new AddressBuckets();
  const limiter = new Limiter('address', 1, (address) => buckets.of(address));
  let admitted = 0;
  for (let i = 0; i < 200_000; i += 1) if (limiter.charge(`10.${i}`, 1, 0).waitMs === 0) admitted += 1;
  expect(admitted).toBe(200_000);
  expect(buckets.size).toBe(100_000);
  expect(limiter.charge('10.199999', 1, 0).waitMs).toBeGreaterThan(0);
});
