/** Reads and writes Retry-After headers (RFC 9110, section 10.2.3). */

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const CLOCK_TIME = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`;

/** The three forms of RFC 9110, section 5.6.7. The day of the week is redundant and not checked. */
const DATE_FORMS = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  new RegExp(String.raw`^[a-z]{3}, (?<day>\d\d) (?<month>[a-z]{3}) (?<year>\d{4}) ${CLOCK_TIME} gmt$`),
  // Sunday, 06-Nov-94 08:49:37 GMT
  new RegExp(String.raw`^[a-z]{6,9}, (?<day>\d\d)-(?<month>[a-z]{3})-(?<year>\d\d) ${CLOCK_TIME} gmt$`),
  // Sun Nov  6 08:49:37 1994
  new RegExp(String.raw`^[a-z]{3} (?<month>[a-z]{3}) (?<day>[\d ]\d) ${CLOCK_TIME} (?<year>\d{4})$`),
];

/**
 * How long an upstream's `Retry-After` line asks clients to wait: seconds (a fraction is tolerated) or a date in any
 * of the three forms.
 *
 * @param wallMs now, in milliseconds since the Unix epoch
 * @returns milliseconds from now, 0 or more, without an upper bound; undefined when the line is missing, is
 *   neither a number of seconds nor a date, or names a date that has passed
 */
export function parseRetryAfter(value: string | undefined, wallMs: number): number | undefined {
  const text = value?.trim().toLowerCase();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000;
  const dateMs = parseHttpDate(text, wallMs);
  return dateMs === undefined || dateMs < wallMs ? undefined : dateMs - wallMs;
}

/** A longer wait is of no more use, and after the year 9999 there is no valid date. */
const LONGEST_MS = 365 * 24 * 3_600_000;

/**
 * The value of a Retry-After line for a client that may retry in `delayMs`: always a date (IMF-fixdate), because
 * ethers 6 takes a number of seconds for milliseconds. Never too early, and at least a second ahead.
 *
 * @param wallMs now, in milliseconds since the Unix epoch
 */
export function writeRetryAfter(delayMs: number, wallMs: number): string {
  const atMs = wallMs + Math.min(Math.max(delayMs, 1_000), LONGEST_MS);
  return new Date(Math.ceil(atMs / 1_000) * 1_000).toUTCString();
}

function parseHttpDate(text: string, wallMs: number): number | undefined {
  for (const form of DATE_FORMS) {
    const parts = form.exec(text)?.groups;
    if (parts) return toEpochMs(parts, wallMs);
  }
  return undefined;
}

/** Undefined when there is no such day or time; a leap second counts as the second after it. */
function toEpochMs(parts: Record<string, string>, wallMs: number): number | undefined {
  const word = (name: string) => parts[name] ?? '';
  const part = (name: string) => Number(word(name));
  const month = MONTHS.indexOf(word('month'));
  if (month < 0 || part('hour') > 23 || part('minute') > 59 || part('second') > 60) return undefined;
  const year = word('year').length === 2 ? fullYear(part('year'), wallMs) : part('year');
  const dayMs = Date.UTC(year, month, part('day'));
  if (new Date(dayMs).getUTCDate() !== part('day')) return undefined;
  return dayMs + ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1_000;
}

/** RFC 9110: a year that would lie more than 50 years ahead is the latest past one with the same digits. */
function fullYear(twoDigits: number, wallMs: number): number {
  const thisYear = new Date(wallMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return year > thisYear + 50 ? year - 100 : year;
}
