import { describe, expect, it } from 'vitest';
import { compileTable, type ErrorRow, matchRow } from '../../src/rpc/error-rows.ts';
import { ERROR_TABLE } from '../../src/rpc/error-table.ts';
import { actions, viewOf } from '../../src/rpc/errors.ts';
import { classesOf, factsOf, readCorpus } from './corpus.ts';

const corpus = readCorpus();

describe('the corpus of provider errors', () => {
  it.each(corpus.map((entry) => [entry.class, entry.provider, entry.httpStatus, entry.body, entry] as const))(
    '%s: %s, HTTP %i, %s',
    (expected, _provider, _status, _body, entry) => {
      expect([...classesOf(entry)]).toEqual([expected]);
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
    const views = corpus.flatMap(factsOf).map(viewOf);
    const classesWith = (table: readonly ErrorRow[]): string => {
      const compiled = compileTable(table);
      return JSON.stringify(views.map((view) => matchRow(compiled, view)));
    };
    const whole = classesWith(ERROR_TABLE);
    const idle = [...tablesWithout(ERROR_TABLE)].filter(([, table]) => classesWith(table) === whole);
    expect(idle.map(([left]) => left)).toEqual([]);
  });
});

/** The table without each of its phrases, codes and statuses in turn. */
function* tablesWithout(table: readonly ErrorRow[]): Generator<[string, ErrorRow[]]> {
  for (const [at, row] of table.entries()) {
    for (const list of ['text', 'codes', 'exceptCodes', 'statuses'] as const) {
      for (const [i, left] of (row[list] ?? []).entries()) {
        const rest = row[list]?.filter((_, k) => k !== i) ?? [];
        const changed = rest.length > 0 || list === 'exceptCodes' ? [{ ...row, [list]: rest }] : [];
        yield [`${row.class}: ${left}`, [...table.slice(0, at), ...changed, ...table.slice(at + 1)]];
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
