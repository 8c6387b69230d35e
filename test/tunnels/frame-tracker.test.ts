import { describe, expect, it } from 'vitest';
import { FrameTracker } from '../../src/tunnels/frame-tracker.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** A frame as RFC 6455, 5.2 lays it out, with a payload of so many bytes. */
function frame(size: number, isMasked = false): Buffer {
  const mask = isMasked ? 0x80 : 0;
  const lengths =
    size < 126
      ? [mask | size]
      : size < 65_536
        ? [mask | 126, size >> 8, size & 0xff]
        : [mask | 127, 0, 0, 0, 0, size >> 24, (size >> 16) & 0xff, (size >> 8) & 0xff, size & 0xff];
  // Payloads look like headers, so that one that is read as such is found out.
  return Buffer.concat([
    Buffer.of(0x82, ...lengths),
    Buffer.alloc(isMasked ? 4 : 0, 9),
    Buffer.alloc(size, 0x7f),
  ]);
}

describe('the end of a frame', () => {
  it.each([0, 1, 125, 126, 127, 65_535, 65_536, 100_000])('is found behind a payload of %i bytes', (size) => {
    for (const isMasked of [false, true]) {
      const bytes = frame(size, isMasked);
      const tracker = new FrameTracker();
      tracker.read(bytes.subarray(0, -1));
      expect(tracker.isAtBoundary).toBe(false);
      tracker.read(bytes.subarray(-1));
      expect(tracker.isAtBoundary).toBe(true);
    }
  });

  it('is found one by one, however the bytes are cut into chunks', () => {
    const random = seededRandom(7);
    const frames = [0, 5, 125, 126, 300, 65_536, 0, 70_000, 1].map((size, at) => frame(size, at % 2 === 0));
    const bytes = Buffer.concat(frames);
    const ends = frames.map((_, at) => frames.slice(0, at + 1).reduce((sum, { length }) => sum + length, 0));
    const found: number[] = [];
    const tracker = new FrameTracker();
    for (let at = 0; at < bytes.length; ) {
      const chunk = bytes.subarray(at, at + 1 + Math.floor(random() * 40));
      for (let within = 0; within < chunk.length; ) {
        within = tracker.readToBoundary(chunk, within);
        if (tracker.isAtBoundary) found.push(at + within);
      }
      at += chunk.length;
    }
    expect(found).toEqual(ends);
  });

  it('is reached before the first byte', () => {
    expect(new FrameTracker().isAtBoundary).toBe(true);
  });
});
