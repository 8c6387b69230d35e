import { expect, it } from 'vitest';
import { write } from '../../src/metrics/exposition.ts';
import { readExposition } from '../support/exposition.ts';
import { fc } from '../support/properties.ts';

const gauge = (value: number, labels = {}, help = 'Help.') =>
  write([{ name: 'a', type: 'gauge', help, samples: [{ labels, value }] }]);
const lastWord = (text: string) => text.trimEnd().split(' ').at(-1);

it.each([
  [Number.NaN, 'NaN'],
  [Number.POSITIVE_INFINITY, '+Inf'],
  [Number.NEGATIVE_INFINITY, '-Inf'],
  [-0, '0'],
  [1e300, '1e+300'],
])('%d is written as %s', (value, text) => {
  expect(lastWord(gauge(value))).toBe(text);
});

const text = fc
  .array(fc.constantFrom('n', '"', '\\', '\n', '{', '}', ',', '=', ' ', 'é'))
  .map((all) => all.join(''));

it('every number is read as it was, and every label', () => {
  fc.assert(
    fc.property(fc.double(), text, text, (value, label, help) => {
      const written = gauge(value, { x: label }, `Help ${help}`);
      expect(written.split('\n')).toHaveLength(4);
      const [[key, read = 0] = []] = readExposition(written).get('a')?.samples ?? [];
      expect(Object.is(read, value) || read === value).toBe(true);
      const [, source = ''] = /^a\{x="(.*)"\}$/s.exec(key ?? '') ?? [];
      const meant = source.replaceAll(/\\([\\"n])/g, (_, char) => (char === 'n' ? '\n' : char));
      expect(meant).toBe(label);
      expect(lastWord(written)).toMatch(/^(NaN|[+-]Inf|-?\d+(\.\d+)?(e[+-]\d+)?)$/);
    }),
  );
});
