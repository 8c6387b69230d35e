/** The rows of the tables of provider errors: what a row can require, and how it is matched. */

export type RpcErrorClass =
  | 'revert'
  | 'missing-data'
  | 'raw-tx-known'
  | 'raw-tx-nonce'
  | 'raw-tx-policy'
  | 'raw-tx-final'
  | 'sender-limit'
  | 'range-too-large'
  | 'batch-too-large'
  | 'plan'
  | 'auth'
  | 'method-unsupported'
  | 'tag-unsupported'
  | 'throttled'
  | 'upstream-broken'
  | 'node-timeout'
  | 'client-error'
  | 'unknown';

/**
 * Where an error's text may come from: the provider's gateway, the node, the node's mempool (which checks a signed
 * transaction before it takes it), or a contract or program that was run.
 */
export type ErrorSource = 'gateway' | 'node' | 'mempool' | 'program';

/** An error in the form that rows are matched with. */
export interface NormalizedError {
  readonly httpStatus: number;
  readonly code: number | undefined;
  readonly method: string | undefined;
  /** Message and data, one line each, in lower case, without quotations of the client. */
  readonly text: string;
  readonly sources: readonly ErrorSource[];
  /** Whether the client itself wrote these words of the text. */
  readonly isClients: (words: string) => boolean;
}

/** A row matches when each of its members does: a list by any of its items, a list of exceptions by none. */
export interface ErrorRow {
  readonly class: RpcErrorClass;
  /** The sources that can send such an error. */
  readonly by: readonly ErrorSource[];
  /**
   * Lower case. `^` and `$` are the ends of a line. Where other words may stand between those that matter, those that
   * matter are captured: none of them may be the client's.
   */
  readonly text?: readonly (string | RegExp)[];
  readonly codes?: readonly number[];
  readonly exceptCodes?: readonly number[];
  readonly statuses?: readonly number[];
  readonly methods?: (method: string) => boolean;
}

/** A row's phrases, separated by line ends or bars. */
export function phrases(list: string): string[] {
  return list
    .split(/[\n|]/)
    .map((phrase) => phrase.trim())
    .filter((phrase) => phrase !== '');
}

/** At a line's start: the line is not about a rate, so a limit in it is one of size or of the plan. */
export const NO_RATE = '(?!.*(?:rate limit|per second|per minute|/s(?:ec)?\\b|\\brps\\b))';

/** A row with its phrases compiled into one pattern. */
interface CompiledRow extends Omit<ErrorRow, 'text'> {
  readonly pattern: RegExp | undefined;
}

/** How often a pattern is tried again after it found the client's own words. */
const MAX_FINDS = 32;

/** Compiles each row's phrases into one pattern. */
export function compileTable(table: readonly ErrorRow[]): readonly CompiledRow[] {
  return table.map(({ text, ...row }) => ({ ...row, pattern: text && patternOf(text) }));
}

/** One pattern that finds any of these. It is global: `lastIndex` must be reset before use. */
export function patternOf(terms: readonly (string | RegExp)[]): RegExp {
  return new RegExp(terms.map(sourceOf).join('|'), 'gm');
}

/** The class of the first row that matches; undefined when none does. */
export function matchRow(table: readonly CompiledRow[], error: NormalizedError): RpcErrorClass | undefined {
  return table.find((row) => matches(row, error))?.class;
}

function sourceOf(term: string | RegExp): string {
  return typeof term === 'string' ? term.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : term.source;
}

function matches(row: CompiledRow, error: NormalizedError): boolean {
  if (!row.by.some((source) => error.sources.includes(source))) return false;
  if (row.codes !== undefined && (error.code === undefined || !row.codes.includes(error.code))) return false;
  if (error.code !== undefined && row.exceptCodes?.includes(error.code)) return false;
  if (row.statuses !== undefined && !row.statuses.includes(error.httpStatus)) return false;
  if (row.methods !== undefined && (error.method === undefined || !row.methods(error.method))) return false;
  return row.pattern === undefined || isFound(row.pattern, error);
}

/** Whether the pattern is found in text that is not the client's. */
function isFound(pattern: RegExp, { text, isClients }: NormalizedError): boolean {
  pattern.lastIndex = 0;
  for (let finds = 0; finds < MAX_FINDS; finds++) {
    const found = pattern.exec(text);
    if (found === null) return false;
    const captured = found.slice(1).filter((part): part is string => part !== undefined);
    if (!(captured.length > 0 ? captured : [found[0]]).some(isClients)) return true;
    pattern.lastIndex = found.index + 1;
  }
  return false;
}
