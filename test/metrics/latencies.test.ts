import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AttemptResult } from '../../src/events.ts';
import { Latencies } from '../../src/metrics/latencies.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { upstream } from '../support/upstreams.ts';

const MINUTE_MS = 60_000;

function setUp() {
  // At the beginning of a slice.
  const clock = new ManualClock(10 * MINUTE_MS);
  const latencies = new Latencies(clock);
  const { identity: a } = upstream('A');
  const took = (durationMs: number, result: AttemptResult = 'answered', of = a, tunnel = false) =>
    latencies.hear({ type: 'attempt-finished', id: 'x', upstream: of, result, tunnel, durationMs });
  return { clock, latencies, a, took };
}

/** What every value is told within: half a bucket and a digit. */
const near = (value: number) => ({ least: value * 0.98 - 0.001, most: value * 1.02 + 0.001 });

function expectNear(actual: number | undefined, value: number): void {
  const { least, most } = near(value);
  expect(actual).toBeGreaterThanOrEqual(least);
  expect(actual).toBeLessThanOrEqual(most);
}

describe('the latencies of an upstream', () => {
  it('are null while nothing was measured', () => {
    const { latencies, a } = setUp();
    expect(latencies.of(a)).toBeNull();
  });

  it.each([0, 0.05, 0.3, 1, 7.7, 42, 999, 12_345, 120_000])('tell %d ms to 2 %%', (ms) => {
    const { latencies, a, took } = setUp();
    took(ms);
    const told = latencies.of(a);
    expectNear(told?.p50, ms);
    expect(told).toEqual({ p50: told?.p50, p95: told?.p50, p99: told?.p50 });
  });

  it('count what took longer than two minutes as that long', () => {
    const { latencies, a, took } = setUp();
    took(3_600_000);
    expectNear(latencies.of(a)?.p99, 134_000);
  });

  it('are the values at these ranks, whatever came', () => {
    const anyDuration = fc.double({ min: 0.001, max: 100_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(anyDuration, { minLength: 1, maxLength: 400 }), (durations) => {
        const { latencies, a, took } = setUp();
        for (const ms of durations) took(ms);
        const sorted = durations.map((ms) => Math.round(ms * 1_000) / 1_000).sort((x, y) => x - y);
        const told = latencies.of(a);
        for (const [part, value] of [
          [0.5, told?.p50] as const,
          [0.95, told?.p95] as const,
          [0.99, told?.p99] as const,
        ]) {
          expectNear(value, sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN);
        }
      }),
    );
  });

  it('forget what is older than five minutes, minute by minute', () => {
    const { clock, latencies, a, took } = setUp();
    for (const ms of [1, 2, 3, 4, 5, 6]) {
      took(ms * 100);
      clock.advance(MINUTE_MS);
    }
    // Minutes 3 to 6 and the one that has just begun.
    expectNear(latencies.of(a)?.p50, 400);
    clock.advance(3 * MINUTE_MS - 1);
    expectNear(latencies.of(a)?.p50, 500);
    clock.advance(1);
    expectNear(latencies.of(a)?.p50, 600);
    clock.advance(MINUTE_MS);
    expect(latencies.of(a)).toBeNull();
  });

  it('begin anew after a long silence', () => {
    const { clock, latencies, a, took } = setUp();
    took(100);
    clock.advance(5_000 * MINUTE_MS);
    took(900);
    expectNear(latencies.of(a)?.p50, 900);
  });

  it.each<AttemptResult>(['answered', 'inconclusive', 'timeout'])('count what ended as %s', (result) => {
    const { latencies, a, took } = setUp();
    took(50, result);
    expect(latencies.of(a)).not.toBeNull();
  });

  it.each<AttemptResult>(['client-left', 'out-of-time', 'refused', 'status', 'rate-limited', 'reset', 'cut'])(
    'leave out what ended as %s',
    (result) => {
      const { latencies, a, took } = setUp();
      took(50, result);
      expect(latencies.of(a)).toBeNull();
    },
  );

  it('leave out the opening of a tunnel, and other events', () => {
    const { latencies, a, took } = setUp();
    took(50, 'answered', a, true);
    latencies.hear({ type: 'upstream-up', upstream: a, downMs: 5 });
    expect(latencies.of(a)).toBeNull();
  });

  it('are kept for each upstream, also of the same name', () => {
    const { latencies, a, took } = setUp();
    const { identity: again } = upstream('A');
    took(10);
    took(500, 'answered', again);
    expectNear(latencies.of(a)?.p99, 10);
    expectNear(latencies.of(again)?.p50, 500);
  });
});
