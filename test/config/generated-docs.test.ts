import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  answersTable,
  envExample,
  generatedParts,
  replaceBetween,
  settingsTable,
} from '../../src/config/generated-docs.ts';
import { SETTINGS } from '../../src/config/table/settings.ts';
import { OWN_ANSWERS } from '../../src/errors.ts';
import { configOf } from './loading.ts';

const root = new URL('../../', import.meta.url);
const read = (name: string) => readFileSync(new URL(name, root), 'utf8');

describe('the generated tables', () => {
  it.each(generatedParts())(
    '$file has $mark as the code has it (npm run docs)',
    ({ file, mark, content }) => {
      const document = read(file);
      expect(document).toBe(replaceBetween(document, mark, content));
    },
  );

  it('are all that is between marks', () => {
    const files = [...new Set(generatedParts().map(({ file }) => file))];
    const marks = files.flatMap((file) =>
      [...read(file).matchAll(/<!-- ([a-z-]+):begin -->/g)].map(([, mark]) => `${file} ${mark}`),
    );
    expect(marks.sort()).toEqual(
      generatedParts()
        .map(({ file, mark }) => `${file} ${mark}`)
        .sort(),
    );
  });
});

describe('the tables', () => {
  it('have a row for each setting and each answer', () => {
    const settings = settingsTable().split('\n');
    for (const { name } of SETTINGS)
      expect(settings.filter((row) => row.startsWith(`| \`${name}\``))).toHaveLength(1);
    expect(settings).toHaveLength(SETTINGS.length + 2);
    expect(answersTable()).toContain(
      '| `ALL_UPSTREAMS_FAILED` | 502 | -32010 | attempts were made, none gave an answer |',
    );
    expect(answersTable().split('\n')).toHaveLength(Object.keys(OWN_ANSWERS).length + 2);
  });

  it('show a dozen settings to whoever sets it up first, the two lists among them', () => {
    const essential = generatedParts().find(({ mark }) => mark === 'essential-settings');
    const rows = essential?.content.split('\n').slice(2) ?? [];
    expect(rows).toHaveLength(12);
    expect(rows.slice(0, 2).map((row) => row.split('`')[1])).toEqual(['RPC_URLS', 'FALLBACK_RPC_URLS']);
  });

  it('go between two marks, which must be there', () => {
    expect(replaceBetween('a<!-- x:begin -->old<!-- x:end -->b', 'x', 'new')).toBe(
      'a<!-- x:begin -->\nnew\n<!-- x:end -->b',
    );
    expect(() => replaceBetween('a<!-- x:begin -->', 'x', 'new')).toThrow('<!-- x:end -->');
  });
});

describe('.env.example', () => {
  it('is as the code has it (npm run docs)', () => {
    expect(read('.env.example')).toBe(envExample());
  });

  it('works as it stands', () => {
    const { upstreams } = configOf({ files: { '.env': read('.env.example') } });
    expect(new Set(upstreams.map(({ tier }) => tier))).toEqual(new Set(['primary', 'fallback']));
  });

  it('shows the defaults: with all of them in force the same settings come out', () => {
    const text = read('.env.example');
    const uncommented = text.replaceAll(/^# (?=[A-Z_]+=)/gm, '');
    for (const { name } of SETTINGS) expect(uncommented).toMatch(new RegExp(`^${name}=`, 'm'));
    expect(configOf({ files: { '.env': uncommented } })).toEqual(configOf({ files: { '.env': text } }));
  });
});
