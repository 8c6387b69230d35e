/** Reads request targets. */

/** The first segments of the program's own paths. */
export const OWN_PATHS: readonly string[] = ['stats', 'healthz', 'readyz'];

/**
 * A request's target as the client sent it, byte for byte. Never passed to `new URL`, which resolves
 * `/..` and `%2e%2e` and re-encodes the rest.
 */
export interface Target {
  /** Starts with a slash. */
  readonly path: string;
  /** Without the question mark; undefined when there is none. */
  readonly query: string | undefined;
  /** The authority of an absolute-form target, which takes precedence over Host. */
  readonly authority: string | undefined;
}

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)(.*)$/i;
/** A `.` or `..` segment, its dots and its neighbours' slashes encoded or not. */
const DOT_SEGMENT = /(?:^|\/|%2f|\\|%5c)(?:\.|%2e){1,2}(?:\/|%2f|\\|%5c|;|$)/i;

/** Splits a request target; undefined when it is not in origin form or absolute form. */
export function readTarget(raw: string): Target | undefined {
  if (raw.includes('#')) return undefined;
  let rest = raw;
  let authority: string | undefined;
  if (!raw.startsWith('/')) {
    const absolute = ABSOLUTE_FORM.exec(raw);
    if (!absolute) return undefined;
    authority = absolute[1];
    rest = absolute[2] ?? '';
    if (!rest.startsWith('/')) rest = `/${rest}`;
  }
  const mark = rest.indexOf('?');
  return mark < 0
    ? { path: rest, query: undefined, authority }
    : { path: rest.slice(0, mark), query: rest.slice(mark + 1), authority };
}

/** The target without `prefix`, which its path begins with, up to the end of a segment. */
export function withoutPrefix(target: Target, prefix: string): Target {
  const rest = target.path.slice(prefix.length);
  return { ...target, path: rest === '' ? '/' : rest };
}

/** Whether the path has segments that could climb out of an upstream's own path. */
export function hasDotSegments(path: string): boolean {
  // A shortcut: nearly every path has neither a dot nor an escape.
  return (path.includes('.') || path.includes('%')) && DOT_SEGMENT.test(path);
}
