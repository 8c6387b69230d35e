import { describe, expect, it } from 'vitest';
import { parseRetryAfter, writeRetryAfter } from '../../src/http/retry-after.ts';
import { fc } from '../support/properties.ts';

const NOW = Date.UTC(2026, 0, 15, 12);

describe('parseRetryAfter', () => {
  it.each([
    ['0', 0],
    ['1', 1_000],
    ['120', 120_000],
    ['1.5', 1_500],
    [' 7 ', 7_000],
    ['007', 7_000],
    ['999999999999', 999_999_999_999_000],
  ])('reads %j as that many seconds', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });

  it.each([
    ['Thu, 15 Jan 2026 12:00:30 GMT', 30_000],
    ['thu, 15 jan 2026 12:00:30 gmt', 30_000],
    ['Thursday, 15-Jan-26 12:01:00 GMT', 60_000],
    ['Thu Jan 15 12:00:01 2026', 1_000],
    ['Sun Feb  1 12:00:00 2026', 17 * 86_400_000],
    ['Thu, 15 Jan 2026 12:00:00 GMT', 0],
    ['Sun, 29 Feb 2032 00:00:00 GMT', Date.UTC(2032, 1, 29) - NOW],
    ['Thu, 15 Jan 2026 12:59:60 GMT', 3_600_000],
    ['Wednesday, 15-Jan-76 12:00:00 GMT', Date.UTC(2076, 0, 15, 12) - NOW],
  ])('reads the date %j', (value, ms) => {
    expect(parseRetryAfter(value, NOW)).toBe(ms);
  });

  it.each([
    'Thu, 15 Jan 2026 11:59:59 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Friday, 15-Jan-77 12:00:00 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('has nothing to say of the past: %j', (value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });

  it.each([
    undefined,
    '',
    ' ',
    '-1',
    '+1',
    '1e3',
    '0x10',
    'Infinity',
    'NaN',
    '1,5',
    '10, 20',
    '.5',
    '5.',
    '٣',
    '5s',
    'soon',
    '2026-01-16T00:00:00Z',
    'Fri, 16 Jan 2026 12:00:00',
    'Fri, 16 Jan 2026 12:00:00 CET',
    'Fri, 16 Jax 2026 12:00:00 GMT',
    'Mon, 30 Feb 2026 12:00:00 GMT',
    'Fri, 00 Jan 2027 12:00:00 GMT',
    'Fri, 16 Jan 2026 24:00:00 GMT',
    'Fri, 16 Jan 2026 12:60:00 GMT',
    'Fri, 16 Jan 2026 12:00:61 GMT',
    'Fri, 16 Jan 2026 12:00:00 GMT and more',
  ])('takes %j for no answer', (value) => {
    expect(parseRetryAfter(value, NOW)).toBeUndefined();
  });

  it('reads back every date that a server can write', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
        const date = new Date(NOW + seconds * 1_000).toUTCString();
        expect(parseRetryAfter(date, NOW)).toBe(seconds * 1_000);
      }),
    );
  });

  it('never gives a negative number or NaN, whatever it reads', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        const ms = parseRetryAfter(value, NOW);
        if (ms !== undefined) expect(ms).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

describe('writeRetryAfter', () => {
  it.each([
    [5_000, 0, 'Thu, 15 Jan 2026 12:00:05 GMT'],
    [5_000, 1, 'Thu, 15 Jan 2026 12:00:06 GMT'],
    [4_001, 999, 'Thu, 15 Jan 2026 12:00:05 GMT'],
    [0, 0, 'Thu, 15 Jan 2026 12:00:01 GMT'],
    [-1, 500, 'Thu, 15 Jan 2026 12:00:02 GMT'],
    [Number.POSITIVE_INFINITY, 0, 'Fri, 15 Jan 2027 12:00:00 GMT'],
  ])('names the moment in %i ms, %i ms after the second', (delayMs, pastMs, date) => {
    expect(writeRetryAfter(delayMs, NOW + pastMs)).toBe(date);
  });

  it('is never early, and read back as a time of at least a second', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), fc.nat(2_000_000_000), (delayMs, pastMs) => {
        const ms = parseRetryAfter(writeRetryAfter(delayMs, NOW + pastMs), NOW + pastMs) ?? -1;
        return ms >= Math.max(delayMs, 1_000) && ms < Math.max(delayMs, 1_000) + 1_000;
      }),
    );
  });
});
