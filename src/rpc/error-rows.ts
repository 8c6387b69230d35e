/** What a row of the tables of provider errors can say, and how it is matched. */

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
 * Whose words an error may be: the provider's (its gateway), the node's, those of the check that a signed
 * transaction has to pass, or those of a contract or program that was run.
 */
export type Speaker = 'gateway' | 'node' | 'check' | 'program';

/** An error as a row sees it. */
export interface ErrorView {
  readonly httpStatus: number;
  readonly code: number | undefined;
  readonly method: string | undefined;
  /** Message and data, a line each, in lower case, without what is quoted of the client. */
  readonly text: string;
  readonly speakers: readonly Speaker[];
  /** Whether the client wrote these words of the text itself. */
  readonly isClients: (words: string) => boolean;
}

/** A row holds when all that it names holds; of each list one member is enough, of the exceptions none may be. */
export interface ErrorRow {
  readonly class: RpcErrorClass;
  /** Who can say so. */
  readonly by: readonly Speaker[];
  /**
   * Lower case. `^` and `$` are the ends of a line. Where other words may stand between those that matter, the
   * latter are captured: none of them may be the client's.
   */
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

/** At a line's start: that it tells of no rate, so that what is too much is a size, or a plan. */
export const NO_RATE = '(?!.*(?:rate limit|per second|per minute|/s(?:ec)?\\b|\\brps\\b))';

/** A row whose phrases are one pattern. */
interface CompiledRow extends Omit<ErrorRow, 'text'> {
  readonly pattern: RegExp | undefined;
}

/** How often a pattern is tried on when what it found was the client's. */
const MAX_FINDS = 32;

/** Makes one pattern of each row's phrases, once. */
export function compileTable(table: readonly ErrorRow[]): readonly CompiledRow[] {
  return table.map(({ text, ...row }) => ({ ...row, pattern: text && patternOf(text) }));
}

/** One pattern that finds each of these; it keeps its place between calls. */
export function patternOf(terms: readonly (string | RegExp)[]): RegExp {
  return new RegExp(terms.map(sourceOf).join('|'), 'gm');
}

/** The class of the first row that holds. */
export function matchRow(table: readonly CompiledRow[], view: ErrorView): RpcErrorClass | undefined {
  return table.find((row) => holds(row, view))?.class;
}

function sourceOf(term: string | RegExp): string {
  return typeof term === 'string' ? term.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&') : term.source;
}

function holds(row: CompiledRow, view: ErrorView): boolean {
  if (!row.by.some((speaker) => view.speakers.includes(speaker))) return false;
  if (row.codes !== undefined && (view.code === undefined || !row.codes.includes(view.code))) return false;
  if (view.code !== undefined && row.exceptCodes?.includes(view.code)) return false;
  if (row.statuses !== undefined && !row.statuses.includes(view.httpStatus)) return false;
  if (row.methods !== undefined && (view.method === undefined || !row.methods(view.method))) return false;
  return row.pattern === undefined || isSaid(row.pattern, view);
}

/** Whether the pattern is found in words that are not the client's. */
function isSaid(pattern: RegExp, { text, isClients }: ErrorView): boolean {
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
