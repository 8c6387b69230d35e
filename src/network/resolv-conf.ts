/** Reads from resolv.conf(5) how short host names are completed. */

import { readFileSync } from 'node:fs';

/** The settings that the C library follows, but queries through c-ares do not. */
export interface SearchRules {
  readonly domains: readonly string[];
  /** A name with at least this many dots is first tried as it is. */
  readonly ndots: number;
}

/** To be read for each look-up: laptops and containers change networks. An unreadable file has no rules. */
export function readSearchRules(file: string): SearchRules {
  try {
    return parseSearchRules(readFileSync(file, 'utf8'));
  } catch {
    return { domains: [], ndots: 1 };
  }
}

/** Only the last `search` or `domain` line counts. */
export function parseSearchRules(text: string): SearchRules {
  let domains: string[] = [];
  let ndots = 1;
  for (const line of text.split('\n')) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === 'search') domains = rest;
    else if (word === 'domain') domains = rest.slice(0, 1);
    else if (word === 'options') {
      const [, dots] = /(?:^|\s)ndots:(\d{1,2})(?:\s|$)/.exec(rest.join(' ')) ?? [];
      if (dots !== undefined) ndots = Number(dots);
    }
  }
  return { domains: domains.map((domain) => domain.replace(/\.$/, '')).filter((domain) => domain), ndots };
}

/** The full names to query, in the order of resolv.conf(5). A name that ends with a dot is already full. */
export function fullNames(name: string, { domains, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain}`);
  return name.split('.').length - 1 >= ndots ? [name, ...completed] : [...completed, name];
}
