/** A family of numbers as Prometheus reads it. */
export interface ReadFamily {
  readonly type: string;
  readonly help: string;
  /** By name and sorted labels, as in `a_total{x="1",y="2"}`. */
  readonly samples: Map<string, number>;
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)$`);
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,(?=.)|$)/;
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Reads the text format 0.0.4, strictly: each family once, with its help, its type and then all its samples, none
 * twice; names, labels and numbers well formed; histograms cumulative. Throws at what Prometheus would refuse.
 */
export function readExposition(text: string): Map<string, ReadFamily> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, ReadFamily>();
  let help: [name: string, text: string] | undefined;
  let current: [name: string, family: ReadFamily] | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '') continue;
    const [, helpName, helpText] = new RegExp(`^# HELP (${NAME}) (.+)$`).exec(line) ?? [];
    const [, typeName, type] =
      new RegExp(`^# TYPE (${NAME}) (counter|gauge|histogram|summary)$`).exec(line) ?? [];
    if (helpName !== undefined) {
      help = [helpName, helpText ?? ''];
    } else if (typeName !== undefined) {
      if (help?.[0] !== typeName || families.has(typeName)) throw new Error(`out of place: ${line}`);
      current = [typeName, { type: type ?? '', help: help[1], samples: new Map() }];
      families.set(...current);
    } else if (current) {
      readSample(line, ...current);
    } else throw new Error(`out of place: ${line}`);
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
}

function readSample(line: string, name: string, { type, samples }: ReadFamily): void {
  const [, full = '', labelText = '', number = ''] = SAMPLE.exec(line) ?? [];
  const suffix = full.startsWith(name) ? full.slice(name.length) : undefined;
  if (suffix === undefined || !SUFFIXES[type]?.includes(suffix)) throw new Error(`not of ${name}: ${line}`);
  const value = readNumber(number);
  if (type !== 'gauge' && value < 0) throw new Error(`negative: ${line}`);
  const key = keyOf(full, readLabels(labelText));
  if (samples.has(key)) throw new Error(`twice: ${line}`);
  samples.set(key, value);
}

function readNumber(text: string): number {
  if (text === 'NaN') return Number.NaN;
  if (/^[+-]Inf$/.test(text)) return text === '-Inf' ? -Infinity : Infinity;
  if (!/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}

function readLabels(text: string): [string, string][] {
  const labels: [string, string][] = [];
  let rest = text;
  while (rest !== '') {
    const [whole, label, value] = LABEL.exec(rest) ?? [];
    if (whole === undefined || label === undefined || value === undefined) throw new Error(`labels: ${text}`);
    if (labels.some(([other]) => other === label)) throw new Error(`label twice: ${text}`);
    labels.push([label, value]);
    rest = rest.slice(whole.length);
  }
  return labels;
}

function keyOf(name: string, labels: readonly [string, string][]): string {
  if (labels.length === 0) return name;
  const pairs = labels.map(([label, value]) => `${label}="${value}"`).sort();
  return `${name}{${pairs.join(',')}}`;
}

/** The buckets of each series grow with their bounds up to +Inf, which is the count. */
function checkHistogram(name: string, { samples }: ReadFamily): void {
  const series = new Map<string, [bound: number, value: number][]>();
  for (const [key, value] of samples) {
    if (!key.startsWith(`${name}_bucket`)) continue;
    const [, le = ''] = /le="([^"]*)"/.exec(key) ?? [];
    const labels = key
      .replace(/,?le="[^"]*"/, '')
      .replace('{,', '{')
      .replace('{}', '')
      .slice(`${name}_bucket`.length);
    series.set(labels, [...(series.get(labels) ?? []), [readNumber(le), value]]);
  }
  for (const [labels, buckets] of series) {
    buckets.forEach(([bound, value], i) => {
      const [boundBefore, valueBefore] = buckets[i - 1] ?? [-Infinity, 0];
      if (bound <= boundBefore || value < valueBefore) throw new Error(`buckets of ${name}${labels}`);
    });
    const [last, all] = buckets.at(-1) ?? [];
    if (
      last !== Infinity ||
      all !== samples.get(`${name}_count${labels}`) ||
      !samples.has(`${name}_sum${labels}`)
    )
      throw new Error(`end of ${name}${labels}`);
  }
}
