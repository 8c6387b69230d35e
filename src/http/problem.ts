/** Problem documents (RFC 9457): our own errors, for clients that do not speak JSON-RPC. */

export const PROBLEM_TYPE = 'application/problem+json';

/** The document's JSON. `more` are members that follow the usual ones. */
export function problemDocument(
  { status, title, code }: { readonly status: number; readonly title: string; readonly code: string },
  more: Readonly<Record<string, string | undefined>> = {},
): string {
  return JSON.stringify({ type: 'about:blank', title, status, code, ...more });
}
