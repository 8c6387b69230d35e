/** Serves the live page from the files in `page/`, and the charts' library. */

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Answer } from './answers.ts';
import { Refusal } from './problems.ts';

const FOLDER = fileURLToPath(new URL('page/', import.meta.url));
const DOCUMENT = 'index.html';
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
/** Where the first figures come in the document. */
const INITIAL = /<script type="application\/json" id="initial">[^<]*<\/script>|(?=<\/body>)/;
/** Lets in the files of this listener, requests to it, and nothing else, so that any text shown in the page stays text. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
const HEADERS = { 'Content-Security-Policy': POLICY, 'Referrer-Policy': 'no-referrer' };

export interface Page {
  /** The document with its first figures in it: JSON in pieces, without `<`, so that nothing in it can end its block. */
  document(initial: readonly Buffer[]): Answer;
  /** A file of the page. Throws a Refusal when there is none of this name. */
  file(name: string): Answer;
}

/** Reads all files, once. Throws when that is not possible, or one is of an unknown kind. */
export function readPage(): Page {
  const files = new Map<string, Answer>();
  for (const name of readdirSync(FOLDER))
    if (name !== DOCUMENT) files.set(name, readFile(join(FOLDER, name)));
  const charts = dirname(createRequire(import.meta.url).resolve('uplot'));
  files.set('uplot.js', readFile(join(charts, 'uPlot.iife.min.js')));
  files.set('uplot.css', readFile(join(charts, 'uPlot.min.css')));
  const text = readFileSync(join(FOLDER, DOCUMENT), 'utf8');
  const place = INITIAL.exec(text);
  if (!place) throw new Error(`${DOCUMENT} has no place for the first figures`);
  const before = Buffer.from(`${text.slice(0, place.index)}<script type="application/json" id="initial">`);
  const after = Buffer.from(`</script>${text.slice(place.index + place[0].length)}`);
  return {
    document: (initial) => html([before, ...initial, after]),
    file(name) {
      const file = files.get(name);
      if (!file) throw new Refusal('NO_SUCH_PATH');
      return file;
    },
  };
}

function html(body: readonly Buffer[]): Answer {
  return { status: 200, type: 'text/html; charset=utf-8', body, headers: HEADERS };
}

function readFile(path: string): Answer {
  const type = TYPES[extname(path)];
  if (type === undefined) throw new Error(`${path} is of a kind that the live page has none of`);
  return { status: 200, type, body: readFileSync(path, 'utf8') };
}
