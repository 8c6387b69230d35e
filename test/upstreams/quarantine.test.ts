import { describe, expect, it } from 'vitest';
import { FAILURE_REASONS, type FailureReason } from '../../src/events.ts';
import type { Blame } from '../../src/upstreams/quarantine.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { fc } from '../support/properties.ts';
import { seededRandom } from '../support/seeded-random.ts';
import {
  A,
  B,
  DAY,
  forMs,
  HOUR,
  MIDNIGHT,
  MINUTE,
  makeQuarantine,
  PASSING_REASONS,
  SECOND,
} from './quarantine-bench.ts';

describe('Quarantine, the first quarantine in auto', () => {
  it('knows every reason in these tests', () => {
    const others: FailureReason[] = ['rate-limited', 'plan', 'auth', 'method-unsupported'];
    expect([...PASSING_REASONS, ...others].sort()).toEqual([...FAILURE_REASONS].sort());
  });

  it.each<[string, Blame, number, boolean]>([
    ...PASSING_REASONS.map((reason): [string, Blame, number, boolean] => [
      reason,
      { reason },
      5 * SECOND,
      true,
    ]),
    ['a rate limit', { reason: 'rate-limited' }, SECOND, false],
    ['a plan', { reason: 'plan' }, 15 * MINUTE, false],
    ['auth', { reason: 'auth' }, 15 * MINUTE, false],
    ['Retry-After', { reason: 'rate-limited', rest: forMs(7_500) }, 7_500, false],
    ['Retry-After of an hour', { reason: 'rate-limited', rest: forMs(HOUR) }, HOUR, false],
    ['Retry-After of a day', { reason: 'rate-limited', rest: forMs(DAY) }, HOUR, false],
    [
      'Retry-After without end',
      { reason: 'rate-limited', rest: forMs(Number.POSITIVE_INFINITY) },
      HOUR,
      false,
    ],
    ['503 with Retry-After', { reason: 'status', rest: forMs(60_000) }, MINUTE, false],
    ['a plan with Retry-After', { reason: 'plan', rest: forMs(60_000) }, MINUTE, false],
    ['Retry-After: 0', { reason: 'rate-limited', rest: forMs(0) }, SECOND, false],
    ['503 with Retry-After: 0', { reason: 'status', rest: forMs(0) }, 5 * SECOND, true],
    ['a negative rest', { reason: 'rate-limited', rest: forMs(-5) }, SECOND, false],
    ['a rest of NaN', { reason: 'rate-limited', rest: forMs(Number.NaN) }, SECOND, false],
    ['a daily limit', { reason: 'plan', rest: MIDNIGHT }, 12 * HOUR, false],
    ['a daily rate limit', { reason: 'rate-limited', rest: MIDNIGHT }, 12 * HOUR, false],
  ])('fits the cause: %s', (_, blame, ms, mayTry) => {
    const { quarantine, clock, restMs } = makeQuarantine();
    const sinceMs = clock.monotonicMs();
    quarantine.add(A, blame);
    expect(restMs()).toBe(ms);
    expect(quarantine.entryOf(A)).toMatchObject({ reason: blame.reason, mayTry, sinceMs });
    clock.advance(ms - 1);
    expect(quarantine.entryOf(A)).toBeDefined();
    clock.advance(1);
    expect(quarantine.entryOf(A)).toBeUndefined();
  });

  it.each([
    ['one millisecond before midnight', Date.UTC(2026, 11, 31, 23, 59, 59, 999), 1],
    ['at midnight', Date.UTC(2026, 0, 15), DAY],
    ['one millisecond after midnight', Date.UTC(2026, 0, 15) + 1, DAY - 1],
  ])('lasts until the next 00:00 UTC for a daily limit met %s', (_, wallMs, ms) => {
    const { quarantine, restMs } = makeQuarantine({ clock: new ManualClock(1_000, wallMs) });
    quarantine.add(A, { reason: 'plan', rest: MIDNIGHT });
    expect(restMs()).toBe(ms);
  });

  it('touches nobody else', () => {
    const { quarantine } = makeQuarantine();
    quarantine.add(A, { reason: 'reset' });
    expect(quarantine.entryOf(B)).toBeUndefined();
  });
});

describe('Quarantine, blame during a quarantine', () => {
  it.each<[string, Blame, Blame, { ms: number; reason: FailureReason; mayTry: boolean }]>([
    [
      'Retry-After outweighs a reset',
      { reason: 'reset' },
      { reason: 'rate-limited', rest: forMs(MINUTE) },
      { ms: MINUTE, reason: 'rate-limited', mayTry: false },
    ],
    [
      'a reset takes nothing from Retry-After',
      { reason: 'rate-limited', rest: forMs(MINUTE) },
      { reason: 'reset' },
      { ms: MINUTE - SECOND, reason: 'rate-limited', mayTry: false },
    ],
    [
      'a shorter Retry-After takes nothing from a longer one',
      { reason: 'rate-limited', rest: forMs(MINUTE) },
      { reason: 'rate-limited', rest: forMs(2 * SECOND) },
      { ms: MINUTE - SECOND, reason: 'rate-limited', mayTry: false },
    ],
    [
      'auth outweighs a reset',
      { reason: 'reset' },
      { reason: 'auth' },
      { ms: 15 * MINUTE, reason: 'auth', mayTry: false },
    ],
    [
      'a later failure of the same kind moves the end',
      { reason: 'reset' },
      { reason: 'reset' },
      { ms: 5 * SECOND, reason: 'reset', mayTry: true },
    ],
  ])('%s', (_, first, second, expected) => {
    const { quarantine, clock, restMs } = makeQuarantine();
    const sinceMs = clock.monotonicMs();
    quarantine.add(A, first);
    clock.advance(SECOND);
    quarantine.add(A, second);
    expect(restMs()).toBe(expected.ms);
    const { reason, mayTry } = expected;
    expect(quarantine.entryOf(A)).toMatchObject({ reason, mayTry, sinceMs });
  });

  it('never moves an end to the front, whatever comes in whatever order', () => {
    const anyBlame = fc.record({
      reason: fc.constantFrom(...FAILURE_REASONS),
      rest: fc.option(fc.oneof(fc.constant(MIDNIGHT), fc.integer({ min: -1, max: 2 * HOUR }).map(forMs)), {
        nil: undefined,
      }),
      waitMs: fc.integer({ min: 0, max: 20 * SECOND }),
    });
    fc.assert(
      fc.property(
        fc.constantFrom('auto' as const, MINUTE),
        fc.array(anyBlame),
        fc.integer(),
        (ttl, blames, seed) => {
          const { quarantine, clock } = makeQuarantine({ timeToLive: ttl, random: seededRandom(seed) });
          for (const blame of blames) {
            const before = quarantine.entryOf(A);
            quarantine.add(A, blame);
            const after = quarantine.entryOf(A);
            expect(after?.untilMs ?? 0).toBeGreaterThanOrEqual(before?.untilMs ?? 0);
            expect(quarantine.nextReleaseMs()).toBe(after?.untilMs ?? Number.POSITIVE_INFINITY);
            clock.advance(blame.waitMs);
          }
        },
      ),
    );
  });
});

describe('Quarantine with a fixed time', () => {
  it.each(FAILURE_REASONS.filter((reason) => reason !== 'method-unsupported'))(
    'is exact for %s',
    (reason) => {
      const { serve, quarantine } = makeQuarantine({ timeToLive: 90 * SECOND, random: () => 0 });
      for (const rest of [undefined, forMs(SECOND), forMs(HOUR), MIDNIGHT]) {
        for (let i = 0; i < 3; i++) expect(serve({ reason, rest })).toBe(90 * SECOND);
      }
      quarantine.add(A, { reason });
      expect(quarantine.entryOf(A)?.mayTry).toBe(false);
      expect(quarantine.automatic).toBe(false);
    },
  );

  it('is exact for a method', () => {
    const { quarantine, clock } = makeQuarantine({ timeToLive: 90 * SECOND });
    quarantine.add(A, { reason: 'method-unsupported', method: 'trace_block' });
    clock.advance(90 * SECOND - 1);
    expect(quarantine.methods.banOf(A, 'trace_block')?.mayTry).toBe(false);
    clock.advance(1);
    expect(quarantine.methods.banOf(A, 'trace_block')).toBeUndefined();
  });

  it('is not ended by a check', () => {
    const { quarantine, clock } = makeQuarantine({ timeToLive: 90 * SECOND });
    quarantine.add(A, { reason: 'refused' });
    expect(quarantine.prove(A, new Set(['refused']), clock.monotonicMs())).toBe(false);
    expect(quarantine.entryOf(A)).toBeDefined();
  });
});

it('an extension is announced when the end has moved by a second, however many failures move it', () => {
  const { quarantine, clock, events, restMs } = makeQuarantine();
  quarantine.add(A, { reason: 'timeout' });
  for (let failure = 0; failure < 3_000; failure += 1) {
    clock.advance(1);
    quarantine.add(A, { reason: 'timeout' });
  }
  expect(events.map(({ type }) => type)).toEqual([
    'upstream-quarantined',
    ...Array(3).fill('quarantine-extended'),
  ]);
  expect(events.at(-1)).toMatchObject({ reason: 'timeout', method: undefined, durationMs: restMs() });
});
