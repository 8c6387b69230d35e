// JSON that the live page shows as it came.
import { describe, expect, it } from 'vitest';
import { indented, memberText } from '../../../src/admin/page/json-text.js';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('a member’s source text', () => {
  it.each([
    ['{"answer":18446744073709551615}', '18446744073709551615'],
    ['{"status":200, "answer" : {"a":[1.0,{"answer":2}]} ,"cut":false}', '{"a":[1.0,{"answer":2}]}'],
    ['{"problem":"answer","attempts":[{"answer":1}],"answer":"\\"}, \\\\"}', '"\\"}, \\\\"'],
    ['{"attempts":[{"answer":1}],"text":"answer"}', undefined],
    ['[{"answer":1}]', undefined],
    ['{"answer":null}', 'null'],
    ['7', undefined],
  ])('of %s is %s', (json, text) => {
    expect(memberText(json, 'answer')).toBe(text);
  });

  it('is found however deep it is', () => {
    expect(memberText(`{"cut":false,"answer":${nested(30_000)}}`, 'answer')).toBe(nested(30_000));
  });
});

describe('indented JSON', () => {
  it.each(['{"a":[1,{"b":[]},{}],"c":{"d":null,"e":"x,:[]{} \\" \\\\"}}', '[]', '"x"', '[[],[[1]]]'])(
    'is as JSON.stringify writes it: %s',
    (json) => {
      expect(indented(json)).toBe(JSON.stringify(JSON.parse(json), null, 2));
    },
  );

  it('keeps numbers and escapes as they were written', () => {
    expect(indented('[18446744073709551615, 1.0, 1e400, "\\u0041", -0]')).toBe(
      '[\n  18446744073709551615,\n  1.0,\n  1e400,\n  "\\u0041",\n  -0\n]',
    );
  });

  it('leaves deep ones on one line, and long ones as they came', () => {
    const text = indented(nested(5_000));
    expect(text.split('\n')).toHaveLength(41);
    expect(text.replaceAll(/\s/g, '')).toBe(nested(5_000));
    const long = `${'['.repeat(19)}${'1,'.repeat(30_000)}1${']'.repeat(19)}`;
    expect(indented(long)).toBe(long);
  });
});
