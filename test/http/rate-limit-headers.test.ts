import { describe, expect, it } from 'vitest';
import { type RateLimitNews, readRateLimit, tellsRateLimit } from '../../src/http/rate-limit-headers.ts';

const WALL_MS = Date.UTC(2026, 0, 15, 12);

/** `Name: value` lines. */
function read(...lines: string[]): RateLimitNews | undefined {
  const parsed = lines.map((line): [string, string] => {
    const [name = '', ...value] = line.split(': ');
    return [name.toLowerCase(), value.join(': ')];
  });
  expect(parsed.every(([name]) => tellsRateLimit(name))).toBe(true);
  return readRateLimit(parsed, WALL_MS);
}

describe('what header lines say of a rate limit', () => {
  it.each<[string[], RateLimitNews | undefined]>([
    [
      ['X-RateLimit-Limit: 100', 'X-RateLimit-Remaining: 42', 'X-RateLimit-Reset: 7'],
      { limit: 100, remaining: 42, resetMs: 7_000 },
    ],
    [
      ['RateLimit-Limit: 100', 'RateLimit-Remaining: 0', 'RateLimit-Reset: 1'],
      { limit: 100, remaining: 0, resetMs: 1_000 },
    ],
    [['X-Rate-Limit-Limit: 10', 'X-Rate-Limit-Remaining: 3'], { limit: 10, remaining: 3 }],
    // Moments: seconds, and milliseconds, since the epoch, and a date.
    [
      [`X-RateLimit-Reset: ${WALL_MS / 1_000 + 30}`, 'X-RateLimit-Remaining: 5'],
      { remaining: 5, resetMs: 30_000 },
    ],
    [[`X-RateLimit-Reset: ${WALL_MS + 250}`, 'X-RateLimit-Remaining: 5'], { remaining: 5, resetMs: 250 }],
    [
      ['X-RateLimit-Reset: Thu, 15 Jan 2026 12:00:09 GMT', 'X-RateLimit-Remaining: 5'],
      { remaining: 5, resetMs: 9_000 },
    ],
    [[`X-RateLimit-Reset: ${WALL_MS / 1_000 - 30}`, 'X-RateLimit-Remaining: 5'], { remaining: 5 }],
    // The drafts of the IETF.
    [
      ['RateLimit: limit=100, remaining=50, reset=30', 'RateLimit-Policy: 100;w=60'],
      { limit: 100, remaining: 50, resetMs: 30_000, windowMs: 60_000 },
    ],
    [
      ['RateLimit-Policy: "default";q=100;w=10', 'RateLimit: "default";r=50;t=3'],
      { limit: 100, windowMs: 10_000, remaining: 50, resetMs: 3_000 },
    ],
    [
      ['RateLimit: "burst";r=50;t=3, "minute";r=2;t=30', 'RateLimit-Policy: "burst";q=100;w=10'],
      { limit: 100, windowMs: 10_000, remaining: 2, resetMs: 30_000 },
    ],
    [['X-RateLimit-Limit: 10, 10;w=1, 50;w=60'], { limit: 10, windowMs: 1_000 }],
    // A plan is no rate; a limit without its window says nothing.
    [['X-RateLimit-Limit: 100000', 'X-RateLimit-Remaining: 9', 'X-RateLimit-Reset: 86000'], undefined],
    [['RateLimit-Policy: "day";q=100000;w=86400', 'RateLimit: "day";r=50;t=300'], undefined],
    [['X-RateLimit-Limit: 100'], undefined],
    [['X-RateLimit-Remaining: many', 'X-RateLimit-Reset: soon'], undefined],
    [['X-RateLimit-Remaining: -1', 'RateLimit: ', 'RateLimit-Policy: ;;;='], undefined],
    [['X-RateLimit-Tier: free', 'X-RateLimit-Conn-Remaining: 3'], undefined],
  ])('%j', (lines, expected) => {
    expect(read(...lines)).toEqual(expected);
  });
});
