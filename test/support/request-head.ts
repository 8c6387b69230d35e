import type { RequestHead } from '../../src/calls/error-meaning.ts';
import { createIdentity } from '../../src/http/header-lines.ts';
import { readRequestHeaders } from '../../src/http/request-headers.ts';

/** The head of a request that nothing is asked of but what is given. `lines` are names and values in turn. */
export function requestHead(
  lines: readonly string[] = [],
  { path = '/', query }: { readonly path?: string; readonly query?: string } = {},
): RequestHead {
  const headers = readRequestHeaders(['Host', 'lb.example', ...lines], createIdentity('lb'));
  return { target: { path, query, authority: undefined }, headers };
}
