/** What a row of the table of provider errors can say, and how it is matched. */

export type RpcErrorClass =
  | 'revert'
  | 'missing-data'
  | 'raw-tx-known'
  | 'raw-tx-nonce'
  | 'raw-tx-policy'
  | 'raw-tx-final'
  | 'sender-limit'
  | 'range-too-large'
  | 'plan'
  | 'auth'
  | 'method-unsupported'
  | 'tag-unsupported'
  | 'throttled'
  | 'upstream-broken'
  | 'node-timeout'
  | 'client-error'
  | 'unknown';

/** An error as a row sees it. */
export interface ErrorView {
  readonly httpStatus: number;
  readonly code: number | undefined;
  readonly method: string | undefined;
  /** The message, then each string of the data, a line each, in lower case. */
  readonly text: string;
}

/** A row holds when all that it names holds; of each list one member is enough, of the exceptions none may be. */
export interface ErrorRow {
  readonly class: RpcErrorClass;
  /** Lower case. `^` and `$` are the ends of a line. */
  readonly text?: readonly (string | RegExp)[];
  readonly codes?: readonly number[];
  readonly exceptCodes?: readonly number[];
  readonly statuses?: readonly number[];
  readonly methods?: (method: string) => boolean;
}

/** A row's phrases: a line each, or parted by bars. */
export function phrases(list: string): string[] {
  return list
    .split(/[\n|]/)
    .map((phrase) => phrase.trim())
    .filter((phrase) => phrase !== '');
}

/** A row whose phrases are one pattern. */
interface CompiledRow extends Omit<ErrorRow, 'text'> {
  readonly pattern: RegExp | undefined;
}

/** Makes one pattern of each row's phrases, once. */
export function compileTable(table: readonly ErrorRow[]): readonly CompiledRow[] {
  return table.map(({ text, ...row }) => ({
    ...row,
    pattern: text && new RegExp(text.map(patternOf).join('|'), 'm'),
  }));
}

/** The class of the first row that holds. */
export function matchRow(table: readonly CompiledRow[], view: ErrorView): RpcErrorClass | undefined {
  return table.find((row) => holds(row, view))?.class;
}

function patternOf(term: string | RegExp): string {
  return typeof term === 'string' ? term.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : term.source;
}

function holds(row: CompiledRow, view: ErrorView): boolean {
  if (row.codes !== undefined && (view.code === undefined || !row.codes.includes(view.code))) return false;
  if (view.code !== undefined && row.exceptCodes?.includes(view.code)) return false;
  if (row.statuses !== undefined && !row.statuses.includes(view.httpStatus)) return false;
  if (row.methods !== undefined && (view.method === undefined || !row.methods(view.method))) return false;
  return row.pattern === undefined || row.pattern.test(view.text);
}
