/** The value type for sets of HTTP statuses. */

import { z } from 'zod';

const MIN_STATUS = 400;
const MAX_STATUS = 599;

/** HTTP statuses of 4xx and 5xx and ranges of them (`502-504`), separated by commas. */
export function statuses() {
  return {
    schema: z.string().transform((input, context): ReadonlySet<number> => {
      const all = new Set<number>();
      for (const part of input.split(',')) {
        const range = parseRange(part.trim());
        if (typeof range !== 'string') {
          for (let status = range.first; status <= range.last; status++) all.add(status);
          continue;
        }
        context.addIssue({ code: 'custom', message: range });
        return z.NEVER;
      }
      return all;
    }),
    allowed: `statuses from ${MIN_STATUS} to ${MAX_STATUS} and ranges of them such as 502-504, separated by commas`,
  };
}

interface Range {
  readonly first: number;
  readonly last: number;
}

/** A range, or what is wrong with it. */
function parseRange(part: string): Range | string {
  if (part === '') return 'has an empty entry';
  const shown = JSON.stringify(part.length > 20 ? `${part.slice(0, 20)}…` : part);
  const [, from, to = from] = /^(\d{3})(?:\s*-\s*(\d{3}))?$/.exec(part) ?? [];
  if (from === undefined) return `holds ${shown}, which is neither a status nor a range`;
  const range = { first: Number(from), last: Number(to) };
  if (range.first < MIN_STATUS || range.last > MAX_STATUS)
    return `holds ${shown}, which is outside of ${MIN_STATUS} to ${MAX_STATUS}`;
  return range.first > range.last ? `holds ${shown}, a range that ends before it begins` : range;
}

/** The shortest way to write these statuses, in order: three or more in a row as a range. */
export function formatStatuses(statuses: ReadonlySet<number>): string {
  const ranges: { first: number; last: number }[] = [];
  for (const status of [...statuses].sort((a, b) => a - b)) {
    const latest = ranges.at(-1);
    if (latest && latest.last === status - 1) latest.last = status;
    else ranges.push({ first: status, last: status });
  }
  return ranges
    .map(({ first, last }) => {
      if (last - first >= 2) return `${first}-${last}`;
      return first === last ? `${first}` : `${first},${last}`;
    })
    .join(',');
}
