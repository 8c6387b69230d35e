import type { ReadFamily } from '../support/exposition.ts';

/** What a query selects: `name{label="value"}`. */
export interface Selector {
  readonly name: string;
  readonly matchers: readonly Matcher[];
}

interface Matcher {
  readonly label: string;
  readonly operator: string;
  readonly value: string;
}

/** Words of PromQL that the queries use; any other word is the name of a metric. */
const WORDS = new Set(
  `sum min max count rate increase changes avg_over_time histogram_quantile time and or unless`.split(' '),
);
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const MATCHER = /^\s*([a-z_]+)\s*(=~|!~|!=|=)\s*"([^"]*)"\s*$/;

/** The labels by which a query groups, joins and adds. */
export function groupingLabels(query: string): string[] {
  return [...query.matchAll(GROUPING)].flatMap(([, labels = '']) => labels.split(',').map((l) => l.trim()));
}

/** All that a query selects. Throws at what it does not understand, so that a misspelt name is no function. */
export function selectorsIn(query: string): Selector[] {
  const plain = query.replaceAll(GROUPING, ' ').replaceAll(/\[[^\]]*\]/g, ' ');
  const found: Selector[] = [];
  const rest = plain.replaceAll(/([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{([^}]*)\})?/g, (whole, name, braces) => {
    if (WORDS.has(name)) return ' ';
    if (!/^(?:rpc_lb|process|nodejs)_|^up$/.test(name)) throw new Error(`what is ${whole} in ${query}?`);
    found.push({ name, matchers: matchersIn(braces ?? '') });
    return ' ';
  });
  if (!/^[\s\d.,()+*/<>=-]*$/.test(rest)) throw new Error(`what is left of ${query}: ${rest}`);
  return found;
}

function matchersIn(braces: string): Matcher[] {
  if (braces.trim() === '') return [];
  return braces.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((text) => {
    const [, label, operator, value] = MATCHER.exec(text) ?? [];
    if (label === undefined || operator === undefined || value === undefined)
      throw new Error(`matcher ${text}`);
    return { label, operator, value };
  });
}

/** The labels of a series as `readExposition` writes it. */
function labelsOf(series: string): Map<string, string> {
  return new Map(
    [...series.matchAll(/([a-zA-Z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [
      label,
      value,
    ]),
  );
}

function fits(labels: ReadonlyMap<string, string>, { label, operator, value }: Matcher): boolean {
  // A label that is not there is the empty text to Prometheus.
  const actual = labels.get(label) ?? '';
  switch (operator) {
    case '=':
      return actual === value;
    case '!=':
      return actual !== value;
    case '=~':
      return new RegExp(`^(?:${value})$`).test(actual);
    default:
      return !new RegExp(`^(?:${value})$`).test(actual);
  }
}

/** The series of a scrape that a selector selects, Prometheus' own labels (`instance`, `job`) left aside. */
export function selected(
  families: ReadonlyMap<string, ReadFamily>,
  { name, matchers }: Selector,
): ReadonlyMap<string, string>[] {
  const own = matchers.filter(({ label }) => label !== 'instance' && label !== 'job');
  const family = families.get(name) ?? families.get(name.replace(/_(?:bucket|sum|count)$/, ''));
  return [...(family?.samples.keys() ?? [])]
    .filter((series) => series === name || series.startsWith(`${name}{`))
    .map(labelsOf)
    .filter((labels) => own.every((matcher) => fits(labels, matcher)));
}
