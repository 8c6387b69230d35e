import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDurationMs, parseSizeBytes } from '../../src/config/table/units.ts';

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['20s', 20_000],
    ['1.5s', 1_500],
    ['.5m', 30_000],
    ['3M', 180_000],
    ['1h', 3_600_000],
    ['0s', 0],
  ])('reads %s', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each(['20', '', 's', '-1s', '1 s', '1d', '1e3s', '1.s', '1s2', 'Infinitys'])('refuses "%s"', (text) => {
    expect(parseDurationMs(text)).toBeUndefined();
  });

  it.each(['0s', '1500ms', '90s', '75s', '5m', '24h'])('writes %s as it is read', (text) => {
    expect(formatDuration(parseDurationMs(text) ?? Number.NaN)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    ['10b', 10],
    ['64kb', 65_536],
    ['1.5kb', 1_536],
    ['1MB', 1_048_576],
    ['2gb', 2_147_483_648],
  ])('reads %s', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each(['64', 'kb', '-1kb', '1 kb', '1tb', '1k'])('refuses "%s"', (text) => {
    expect(parseSizeBytes(text)).toBeUndefined();
  });

  it.each(['1b', '1000b', '32kb', '1mb', '1025mb'])('writes %s as it is read', (text) => {
    expect(formatSize(parseSizeBytes(text) ?? Number.NaN)).toBe(text);
  });
});
