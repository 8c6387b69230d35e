// What the console of the live page sends, and says of an answer.
import { describe, expect, it } from 'vitest';
import { callBody, callOf, errorsIn } from '../../../src/admin/page/call-text.js';

describe('what is entered as parameters', () => {
  it('is sent as it was written', () => {
    const asked = callOf('x_"y', ' [18446744073709551615, 1.0, {"a": 1e400}]\n');
    expect(asked).toEqual({
      json: '{"method":"x_\\"y","params":[18446744073709551615, 1.0, {"a": 1e400}]}',
      whole: '',
      taken: '',
    });
    expect(callOf('m', ' ')).toEqual({ json: '{"method":"m","params":[]}', whole: '', taken: '' });
    expect(callBody('{"id":18446744073709551615}', { pool: 'base', upstream: 'a"b' })).toBe(
      '{"call":{"id":18446744073709551615},"pool":"base","upstream":"a\\"b"}',
    );
  });

  it.each([
    ['{"jsonrpc":"2.0","id":1.0,"method":"a"}', 'request', 'sent as a whole request'],
    ['[{"method":"a","id":18446744073709551615},{"method":"b"}]', 'batch', 'sent as a batch of 2'],
  ])('is a request or a batch: %s', (written, whole, taken) => {
    expect(callOf('m', written)).toEqual({ json: written, whole, taken });
  });

  it.each(['{"method":"a","x":1}', '[{"method":"a"},7]'])(
    'is parameters, and that is said, where it only looks like a request: %s',
    (written) => {
      expect(callOf('m', written)).toEqual({
        json: `{"method":"m","params":${written}}`,
        whole: '',
        taken: 'sent as the parameters of m: a whole request has "jsonrpc", and each of a batch a "method"',
      });
    },
  );

  it.each(['[', '7', '"x"', 'null', '[1]]'])('is refused: %s', (written) => {
    expect(callOf('m', written)).toMatch(/^The parameters (are no JSON: |must be a JSON array or object\.$)/);
  });
});

describe('an answer', () => {
  it.each([
    [{ result: 1 }, ''],
    [{ result: 1, error: null }, ''],
    [{ error: { code: 1 } }, 'an error (1)'],
    [[{ result: 1 }, { error: { code: 1 } }, { error: 'x' }], '2 errors of 3'],
    [[{ result: 1 }, null], ''],
    [undefined, ''],
    ['error', ''],
  ])('of %j says of errors: %s', (answer, said) => {
    expect(errorsIn(answer)).toBe(said);
  });
});
