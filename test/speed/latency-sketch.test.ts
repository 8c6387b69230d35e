import { describe, expect, it } from 'vitest';
import { LatencySketch } from '../../src/speed/latency-sketch.ts';
import { seededRandom } from '../support/seeded-random.ts';

/** Adds so many durations, one each `everyMs`; returns the time after them. */
function fill(sketch: LatencySketch, durations: readonly number[], fromMs = 0, everyMs = 1): number {
  for (const [index, ms] of durations.entries()) sketch.add(ms, fromMs + index * everyMs);
  return fromMs + durations.length * everyMs;
}

const times = (count: number, ms: number) => new Array<number>(count).fill(ms);

describe('quantiles of the latest durations', () => {
  it.each([0, 0.05, 0.3, 1, 7, 12, 99, 1_000, 30_000])('of %d ms alone is that, within a tenth', (ms) => {
    const sketch = new LatencySketch();
    fill(sketch, times(50, ms));
    for (const value of [sketch.p50Ms, sketch.p98Ms]) {
      expect(value).toBeGreaterThan(ms * 0.9);
      expect(value).toBeLessThan(ms * 1.1 + 0.02);
    }
  });

  it('are those of the durations, whatever their distribution', () => {
    const random = seededRandom(7);
    const durations = Array.from({ length: 400 }, () => -Math.log(1 - random()) * 40);
    const sketch = new LatencySketch();
    fill(sketch, durations);
    const sorted = durations.slice().sort((a, b) => a - b);
    expect(sketch.p50Ms / (sorted[199] ?? 0)).toBeCloseTo(1, 0.8);
    expect(sketch.p98Ms / (sorted[391] ?? 0)).toBeCloseTo(1, 0.8);
  });

  it('are not moved by one outlier of a hundred', () => {
    const sketch = new LatencySketch();
    fill(sketch, [...times(198, 10), 5_000, 5_000]);
    expect(sketch.p98Ms).toBeLessThan(11);
  });

  it('take what is longer than a minute and a half for as long as that', () => {
    const sketch = new LatencySketch();
    fill(sketch, times(50, 1e9));
    expect(sketch.p98Ms).toBeGreaterThan(80_000);
  });

  it('are 0 of nothing', () => {
    const sketch = new LatencySketch();
    expect([sketch.count, sketch.p50Ms, sketch.p98Ms]).toEqual([0, 0, 0]);
  });
});

describe('what is held', () => {
  it('is the last 250 to 500', () => {
    const sketch = new LatencySketch();
    fill(sketch, [...times(600, 10), ...times(500, 80)]);
    expect(sketch.count).toBeLessThanOrEqual(500);
    expect(sketch.p50Ms).toBeGreaterThan(75);
  });

  it('is no older than a minute where there are many', () => {
    const sketch = new LatencySketch();
    const endMs = fill(sketch, times(100, 10));
    const next = fill(sketch, times(60, 80), endMs + 31_000, 10);
    fill(sketch, times(1, 80), next + 31_000);
    expect([sketch.count, sketch.p50Ms > 75]).toEqual([61, true]);
  });

  it('may be old where there are few', () => {
    const sketch = new LatencySketch();
    fill(sketch, times(30, 10), 0, 60_000);
    expect(sketch.count).toBe(30);
  });

  it('is nothing once it is cleared', () => {
    const sketch = new LatencySketch();
    fill(sketch, times(100, 10));
    sketch.clear();
    fill(sketch, times(20, 50));
    expect([sketch.count, sketch.p50Ms > 45]).toEqual([20, true]);
  });
});
