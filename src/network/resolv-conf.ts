import { readFileSync } from 'node:fs';

/** What of resolv.conf(5) the C library heeds and c-ares' queries don't: how short names are completed. */
export interface SearchRules {
  readonly domains: readonly string[];
  /** A name with so many dots is tried as it is first. */
  readonly ndots: number;
}

/** Read anew for each look-up: laptops and containers change networks. A file that can't be read has no rules. */
export function readSearchRules(file: string): SearchRules {
  try {
    return parseSearchRules(readFileSync(file, 'utf8'));
  } catch {
    return { domains: [], ndots: 1 };
  }
}

/** Of `search` and `domain` lines the last one counts. */
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

/** The full names to ask for, in the order of resolv.conf(5). One that ends with a dot is full already. */
export function fullNames(name: string, { domains, ndots }: SearchRules): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const completed = domains.map((domain) => `${name}.${domain}`);
  return name.split('.').length - 1 >= ndots ? [name, ...completed] : [...completed, name];
}
