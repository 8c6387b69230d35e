/** A number of a family. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** What a histogram's parts have behind the name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** The numbers that have one name. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** Of the text below. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Prometheus' text format 0.0.4 ("Exposition formats" of its manual). Each family ends with a line end. */
export function write(families: readonly Family[]): string {
  return families.map(writeFamily).join('');
}

function writeFamily({ name, type, help, samples }: Family): string {
  let text = `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
  for (const { suffix = '', labels = {}, value } of samples) {
    const pairs = Object.entries(labels).map(([label, said]) => `${label}="${escaped(said)}"`);
    text += `${name}${suffix}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}\n`;
  }
  return text;
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
