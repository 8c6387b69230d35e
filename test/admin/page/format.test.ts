// What the live page makes of numbers, times and lists.
import { describe, expect, it } from 'vitest';
import {
  count,
  counted,
  duration,
  list,
  ms,
  percent,
  rate,
  time,
  uptimeMs,
  whole,
} from '../../../src/admin/page/format.js';

/** With blanks that a reader of the test can see. */
function plain(text: string): string {
  return text.replaceAll('\u00a0', ' ');
}

describe('the live page writes', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [999.6, '1 k'],
    [12_400, '12.4 k'],
    [999_600, '1 M'],
    [1_236_000, '1.24 M'],
    [2e9, '2 G'],
  ])('the count %s as %s', (value, text) => {
    expect(plain(count(value))).toBe(text);
  });

  it.each([
    [0, '0/s'],
    [0.04, '0/s'],
    [0.25, '0.3/s'],
    [12.4, '12/s'],
    [12_400, '12.4 k/s'],
  ])('the rate %s as %s', (value, text) => {
    expect(plain(rate(value))).toBe(text);
  });

  it.each([
    [null, '–'],
    [Number.NaN, '–'],
    [0.123, '0.12 ms'],
    [1.71, '1.7 ms'],
    [9.96, '10 ms'],
    [48.2, '48 ms'],
    [999.7, '1 s'],
    [1_240, '1.24 s'],
    [61_000, '1 min 1 s'],
  ])('%s milliseconds as %s', (value, text) => {
    expect(plain(ms(value))).toBe(text);
  });

  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.5, '50 %'],
    [0.004, '0.4 %'],
    [0.000_2, '0.02 %'],
    [0.999_6, '99.96 %'],
    [0.999_96, '99.996 %'],
    [0.999_999_9, '> 99.999 %'],
    [0.000_000_1, '< 0.001 %'],
    [0.12, '12 %'],
  ])('the share %s as %s', (value, text) => {
    expect(plain(percent(value))).toBe(text);
  });

  it.each([
    [-5, '0 s'],
    [45_000, '45 s'],
    [60_000, '1 min'],
    [72_000, '1 min 12 s'],
    [7_500_000, '2 h 5 min'],
    [273_600_000, '3 d 4 h'],
  ])('%s ms of time as %s', (value, text) => {
    expect(plain(duration(value))).toBe(text);
  });

  it.each([
    ['over midnight', new Date(2026, 10, 27, 0, 1, 2), '00:01:02'],
    ['of the evening before', new Date(2026, 10, 26, 18), '18:00:00'],
    ['nearly half a day ahead', new Date(2026, 10, 27, 11, 59, 29), '11:59:29'],
    ['half a day ahead', new Date(2026, 10, 27, 11, 59, 30), '27 Nov 11:59:30'],
    ['half a day ago', new Date(2026, 10, 26, 11, 59, 30), '26 Nov 11:59:30'],
  ])('a time %s, with its day where it takes one', (_, at, text) => {
    expect(time(at.getTime(), new Date(2026, 10, 26, 23, 59, 30).getTime())).toBe(text);
  });

  it('large whole numbers, counted things and lists', () => {
    expect(whole(21_345_678)).toBe('21,345,678');
    expect(plain(counted(1, 'request'))).toBe('1 request');
    expect(plain(counted(1_500, 'primary', 'primaries'))).toBe('1.5 k primaries');
    expect([list([]), list(['a']), list(['a', 'b']), list(['a', 'b', 'c'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b and c',
    ]);
    expect(list(['a', 'b', 'c', 'd', 'e'])).toBe('a, b, c and 2 more');
    expect(uptimeMs('02h:05m:23s')).toBe(7_523_000);
  });
});
