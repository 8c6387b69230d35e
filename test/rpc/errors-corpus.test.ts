import { describe, expect, it } from 'vitest';
import { compileTable, type ErrorRow, matchRow, type NormalizedError } from '../../src/rpc/error-rows.ts';
import { actions, classifyRpcError } from '../../src/rpc/errors.ts';
import { normalizeError } from '../../src/rpc/normalized-error.ts';
import { ERROR_TABLE } from '../../src/rpc/tables/index.ts';
import { classesOf, factsOf, readCorpus } from './corpus.ts';

const corpus = readCorpus();

describe('the corpus of provider errors', () => {
  it.each(corpus.map((entry) => [entry.class, entry.provider, entry.httpStatus, entry.body, entry] as const))(
    '%s: %s, HTTP %i, %s',
    (expected, _provider, _status, _body, entry) => {
      expect([...classesOf(entry)]).toEqual([expected]);
      if (entry.rest)
        expect(factsOf(entry).map((facts) => classifyRpcError(facts).rest)).toEqual([entry.rest]);
    },
  );

  it('holds every class', () => {
    expect(new Set(corpus.map((entry) => entry.class))).toEqual(new Set(Object.keys(actions)));
  });

  it('holds no entry twice', () => {
    const keys = corpus.map(({ provider, httpStatus, method, body }) =>
      JSON.stringify([provider, httpStatus, method, body]),
    );
    expect(keys.filter((key, i) => keys.indexOf(key) !== i)).toEqual([]);
  });

  it('needs every phrase, code and status of the table', () => {
    const errors = corpus.flatMap(factsOf).map(normalizeError);
    const compiled = ERROR_TABLE.map((row) => compileTable([row]));
    const rowOf = errors.map((error) => compiled.findIndex((row) => matchRow(row, error) !== undefined));
    const classesWith = (
      row: ErrorRow | undefined,
      at: number,
      judged: readonly NormalizedError[],
    ): string => {
      const table = compileTable([...(row ? [row] : []), ...ERROR_TABLE.slice(at + 1)]);
      return JSON.stringify(judged.map((error) => matchRow(table, error)));
    };
    const idle = [...rowsWithout(ERROR_TABLE)].filter(({ list, at, changed }) => {
      // What is judged by a row above does not come here; without an exception what is judged below may come.
      const judged = errors.filter(
        (_, i) => rowOf[i] === at || (list === 'exceptCodes' && isBelow(rowOf[i], at)),
      );
      return classesWith(changed, at, judged) === classesWith(ERROR_TABLE[at], at, judged);
    });
    expect(idle.map(({ left, at }) => `${ERROR_TABLE[at]?.class}: ${left}`)).toEqual([]);
  });
});

function isBelow(row: number | undefined, at: number): boolean {
  return row === undefined || row === -1 || row > at;
}

/** Each row without each of its phrases, codes and statuses in turn; no row where none is left. */
function* rowsWithout(table: readonly ErrorRow[]) {
  for (const [at, row] of table.entries()) {
    for (const list of ['text', 'codes', 'exceptCodes', 'statuses'] as const) {
      for (const [i, left] of (row[list] ?? []).entries()) {
        const rest = row[list]?.filter((_, k) => k !== i) ?? [];
        const changed = rest.length > 0 || list === 'exceptCodes' ? { ...row, [list]: rest } : undefined;
        yield { left, list, at, changed };
      }
    }
  }
}

describe('the table', () => {
  it('has its phrases in lower case, as the text is that they are looked for in', () => {
    const texts = ERROR_TABLE.flatMap((row) => row.text ?? []);
    const written = texts.map((term) =>
      typeof term === 'string' ? term : term.source.replaceAll(/\\./g, ''),
    );
    expect(written.filter((text) => text !== text.toLowerCase())).toEqual([]);
  });

  it('has no flags on its patterns, which would be lost', () => {
    const patterns = ERROR_TABLE.flatMap((row) => row.text ?? []).filter((term) => term instanceof RegExp);
    expect(patterns.filter((pattern) => pattern.flags !== '')).toEqual([]);
  });
});
