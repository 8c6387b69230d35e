/** Writes Prometheus' text format 0.0.4 ("Exposition formats" in its manual). */

/** One number of a family. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
  /** What a histogram's parts have after the name: `_bucket`, `_sum`, `_count`. */
  readonly suffix?: string;
}

/** The numbers under one name. */
export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The content type of the text. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/**
 * The text of all families, each of which ends with a line end. Made of pieces that are joined once: with many pools
 * there are tens of thousands of lines, and texts that are put together of two each are most of the garbage.
 */
export function write(families: readonly Family[]): string {
  const pieces: string[] = [];
  for (const { name, type, help, samples } of families) {
    pieces.push(`# HELP ${name} ${helpText(help)}\n# TYPE ${name} ${type}\n`);
    for (const { suffix = '', labels = {}, value } of samples) {
      pieces.push(name, suffix);
      pushLabels(labels, pieces);
      pieces.push(numeral(value), '\n');
    }
  }
  return pieces.join('');
}

/** With the blank behind them. */
function pushLabels(labels: Readonly<Record<string, string>>, pieces: string[]): void {
  let before = '{';
  for (const label in labels) {
    pieces.push(before, label, '="', escaped(labels[label] ?? ''), '"');
    before = ',';
  }
  pieces.push(before === '{' ? ' ' : '} ');
}

/** What is no number has these three spellings, of which JavaScript knows the first. */
function numeral(value: number): string {
  if (Number.isFinite(value) || Number.isNaN(value)) return `${value}`;
  return value > 0 ? '+Inf' : '-Inf';
}

function helpText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

/** Few values need it, and there are tens of thousands. */
const TO_ESCAPE = /["\\\n]/;

function escaped(value: string): string {
  if (!TO_ESCAPE.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
