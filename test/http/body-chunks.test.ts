import { describe, expect, it } from 'vitest';
import { BodyChunks } from '../../src/http/body-chunks.ts';
import { fc } from '../support/properties.ts';

/** The memory that these buffers keep alive, each counted once. */
function memoryOf(pieces: readonly Buffer[]): number {
  return [...new Set(pieces.map(({ buffer }) => buffer))].reduce(
    (sum, { byteLength }) => sum + byteLength,
    0,
  );
}

describe('BodyChunks', () => {
  it('gives back what came, however it was cut', () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 20_000 }), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, (list) => {
        const gathered = new BodyChunks();
        for (const piece of list) gathered.add(Buffer.from(piece));
        const whole = Buffer.concat(list);
        expect([gathered.size, gathered.take().equals(whole)]).toEqual([whole.length, true]);
      }),
    );
  });

  it('does not copy what came in one piece', () => {
    const piece = Buffer.from('whole');
    const gathered = new BodyChunks();
    gathered.add(piece);
    expect(gathered.take()).toBe(piece);
  });

  it('keeps nothing of what was taken', () => {
    const gathered = new BodyChunks();
    for (const size of [10, 70_000, 10]) gathered.add(Buffer.alloc(size));
    expect([gathered.take().length, gathered.size, gathered.take().length]).toEqual([70_020, 0, 0]);
  });

  it('copies pieces that come with much else, and leaves large ones alone', () => {
    const read = Buffer.alloc(65_536, 'r');
    const large = Buffer.alloc(65_536, 'l');
    const gathered = new BodyChunks();
    gathered.add(Buffer.from('first'));
    gathered.add(read.subarray(0, 5_000));
    gathered.add(large);
    read.fill('x');
    large.fill('y');
    const joined = gathered.take().toString();
    expect([joined.includes('x'), joined.includes('y'), joined.length]).toEqual([
      false,
      true,
      5 + 5_000 + 65_536,
    ]);
  });

  it('needs no more than its size for single bytes', () => {
    const before = process.memoryUsage();
    const gathered = new BodyChunks();
    for (let at = 0; at < 1_000_000; at++) gathered.add(Buffer.from([at & 0x7f]));
    const after = process.memoryUsage();
    expect(gathered.size).toBe(1_000_000);
    // A slab of 16 kB for each 16 kB. Single buffers would be hundreds of megabytes.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(4_000_000);
    expect(memoryOf([gathered.take()])).toBeLessThan(1_100_000);
  });
});
