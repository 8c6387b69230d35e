const IMF_FIXDATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/;

/** How many seconds ahead a Retry-After line's date is; NaN when it is no date as HTTP writes it. */
export function secondsAhead(value: string | undefined, nowMs = Date.now()): number {
  return IMF_FIXDATE.test(value ?? '') ? (Date.parse(value ?? '') - nowMs) / 1_000 : Number.NaN;
}
