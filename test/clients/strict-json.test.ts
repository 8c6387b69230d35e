import { describe, expect, it } from 'vitest';
import { readStrictly } from '../../src/clients/strict-json.ts';
import { fc } from '../support/properties.ts';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const isRead = (text: string | Buffer) => readStrictly(Buffer.from(text)) !== undefined;

describe('a document is read strictly', () => {
  it('as JSON.parse does', () => {
    const letters = fc.string({
      unit: fc.constantFrom(...'{}[]",:\\u0a1.eE+- \n\ttruefalsn'),
      maxLength: 12,
    });
    const nearly = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.nat(3),
        fc.constantFrom('', ',', '"', '\\', '}', '{', ']', ' ', '0', '\n', ':'),
      )
      .map(([text, at, cut, more]) => {
        const place = at % (text.length + 1);
        return text.slice(0, place) + more + text.slice(place + cut);
      });
    fc.assert(
      fc.property(fc.oneof(fc.json(), letters, nearly), (text) => {
        expect([text, isRead(text)]).toEqual([text, isJson(text)]);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    '',
    ' ',
    '"\t"',
    '"\\x41"',
    '"\\u00g0"',
    '"\\u12',
    '01',
    '1.',
    '.5',
    '+1',
    'tru',
    'nulll',
    '{"a"}',
    '[1 2]',
  ])('and %j is none', (text) => expect([isRead(text), isJson(text)]).toEqual([false, false]));

  it('but not with bytes that are no UTF-8, nor deeper than a thousand levels', () => {
    expect(isRead(Buffer.from('"\xff"', 'latin1'))).toBe(false);
    expect(isRead(Buffer.from('"é😀"'))).toBe(true);
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect([isRead(nested(1_000)), isRead(nested(1_001)), isRead('['.repeat(1_000_000))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});

it.each([
  ['{"method":1}', true],
  ['{"a":{},"m\\u0065THOD ":1}', true],
  ['[{"a":1},[2],{"Method":1}]', true],
  ['{"  METHOD":1}', true],
  ['{"\\u006dethod":1}', true],
  ['{"\\tmethod":1}', true],
  ['{"metho\\u0064":1}', true],
  ['{"meth\\u00f6d":1,"mothed":2,"method2":3}', false],
  ['{"a":{"method":1}}', false],
  ['[[{"method":1}]]', false],
  ['{"a":"method","methods":1,"xmethod":2}', false],
  ['["method"]', false],
])('%s names a method: %s', (text, expected) => {
  expect(readStrictly(Buffer.from(text))?.namesMethod).toBe(expected);
});
