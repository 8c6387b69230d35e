/** Reads what an answer's header lines say of a rate limit. */

/** Each may be missing. */
export interface RateLimitNews {
  /** How much may be sent in a window. */
  readonly limit?: number;
  readonly windowMs?: number;
  /** How much of it is left. */
  readonly remaining?: number;
  /** When the window begins anew, in milliseconds from now. */
  readonly resetMs?: number;
}

type News = { -readonly [Key in keyof RateLimitNews]: RateLimitNews[Key] | undefined };

/** A line that may tell of a limit: its name in lower case and its value. */
export type RateLimitLine = readonly [name: string, value: string];

/** Whether a header's name (in lower case) is one of those that `readRateLimit` reads. */
export function tellsRateLimit(name: string): boolean {
  return name.startsWith('x-ratelimit-') || name.startsWith('ratelimit') || name.startsWith('x-rate-limit-');
}

/** Numbers above this are moments: seconds since the Unix epoch, or milliseconds. */
const LEAST_EPOCH_SECONDS = 1e9;
const LEAST_EPOCH_MS = 1e12;
/** Limits of longer windows are plans, not rates. */
const LONGEST_WINDOW_MS = 3_600_000;

/**
 * Understands `X-RateLimit-Limit`, `-Remaining` and `-Reset` as they are commonly used (the reset in seconds from now, or
 * as seconds or milliseconds since the epoch), the same names without `X-`, and `RateLimit` and `RateLimit-Policy` in
 * the forms of draft-ietf-httpapi-ratelimit-headers, versions 3 to 10. Of several limits it tells the one with the least left.
 * Undefined when nothing usable is in the lines, or the window is longer than an hour.
 *
 * @param wallMs now, in milliseconds since the Unix epoch
 */
export function readRateLimit(lines: readonly RateLimitLine[], wallMs: number): RateLimitNews | undefined {
  const news: News = {};
  for (const [name, value] of lines) {
    const kind = /^(?:x-)?rate-?limit(?:-(.*))?$/.exec(name)?.[1];
    if (kind === undefined || kind === 'policy') readStructured(value, news);
    else if (kind === 'limit') readLimit(value, news);
    else if (kind === 'remaining') setLeast(news, 'remaining', numberIn(value));
    else if (kind === 'reset') news.resetMs ??= resetIn(value, wallMs);
  }
  const { resetMs, windowMs, remaining, limit } = news;
  if ((resetMs ?? windowMs ?? 0) > LONGEST_WINDOW_MS || (windowMs ?? 0) > LONGEST_WINDOW_MS) return undefined;
  if (remaining === undefined && (limit === undefined || windowMs === undefined)) return undefined;
  return withoutMissing(news);
}

/** `100`, or with the policy of earlier drafts behind it: `10, 10;w=1, 50;w=60`. */
function readLimit(value: string, news: News): void {
  const [first = '', ...policies] = value.split(',');
  news.limit ??= numberIn(first);
  const own = [first, ...policies].find((part) => /;\s*w=/.test(part) && numberIn(part) === news.limit);
  if (own !== undefined) setSeconds(news, 'windowMs', parameterIn(own, 'w'));
}

/** `"default";q=100;w=10` and `"default";r=50;t=30`; or `limit=100, remaining=50, reset=30` of earlier drafts. */
function readStructured(value: string, news: News): void {
  for (const part of value.split(',')) {
    const remaining = parameterIn(part, 'r') ?? parameterIn(part, 'remaining');
    const isLess = remaining !== undefined && (news.remaining === undefined || remaining < news.remaining);
    if (isLess) news.remaining = remaining;
    const reset = parameterIn(part, 't') ?? parameterIn(part, 'reset');
    if (reset !== undefined && (isLess || news.resetMs === undefined)) news.resetMs = reset * 1_000;
    news.limit ??= parameterIn(part, 'q') ?? parameterIn(part, 'limit');
    if (news.windowMs === undefined) setSeconds(news, 'windowMs', parameterIn(part, 'w'));
  }
}

function setSeconds(news: News, key: 'windowMs', seconds: number | undefined): void {
  if (seconds !== undefined && seconds > 0) news[key] = seconds * 1_000;
}

function setLeast(news: News, key: 'remaining', value: number | undefined): void {
  if (value !== undefined) news[key] = Math.min(news[key] ?? value, value);
}

function parameterIn(part: string, name: string): number | undefined {
  const [, digits] = new RegExp(`(?:^|[;\\s])${name}\\s*=\\s*(\\d{1,15})(?:[;\\s]|$)`).exec(part) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

function numberIn(value: string): number | undefined {
  const [, digits] = /^\s*(\d{1,15}(?:\.\d{1,6})?)\s*(?:[;,]|$)/.exec(value) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

/** Milliseconds from now; undefined for what is no time, or has passed. */
function resetIn(value: string, wallMs: number): number | undefined {
  const number = numberIn(value);
  if (number === undefined) {
    const inMs = Date.parse(value) - wallMs;
    return inMs >= 0 ? inMs : undefined;
  }
  if (number < LEAST_EPOCH_SECONDS) return number * 1_000;
  const atMs = number < LEAST_EPOCH_MS ? number * 1_000 : number;
  return atMs >= wallMs ? atMs - wallMs : undefined;
}

function withoutMissing(news: News): RateLimitNews {
  return Object.fromEntries(Object.entries(news).filter(([, value]) => value !== undefined));
}
