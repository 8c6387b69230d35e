import { describe, expect, it } from 'vitest';
import { hasSameBytes, isError, matchAnswers } from '../../src/rpc/matching.ts';
import { parseRpcRequest, scanRpcAnswer } from '../../src/rpc/message.ts';

/** The calls of a request that want an answer, as an upstream's answer is matched with them. */
function asked(text: string) {
  const body = Buffer.from(text);
  const request = parseRpcRequest(body);
  if (!request) throw new Error(`no JSON-RPC: ${text}`);
  return { body, batch: request.batch, calls: request.calls.filter((call) => call.idStart >= 0) };
}

/** The kind of match, the matched answers in the order of the calls, and whether they stood so. */
function match(request: string, answer: string) {
  const body = Buffer.from(answer);
  const found = matchAnswers(body, asked(request));
  if (found.kind === 'none') return 'none';
  const textOf = ({ start, end }: { start: number; end: number }) => body.toString('utf8', start, end);
  if (found.kind === 'one-error') return { refusal: textOf(found.answer) };
  return { answers: found.answers.map(textOf), exact: found.exact };
}

const call = (id: string) => `{"jsonrpc":"2.0","id":${id},"method":"eth_call"}`;
const calls = (...ids: string[]) => `[${ids.map(call).join(',')}]`;
const result = (id: string, value = 'true') => `{"jsonrpc":"2.0","id":${id},"result":${value}}`;
const error = (id?: string) => `{${id === undefined ? '' : `"id":${id},`}"error":{"code":-32000}}`;
const whole = (...answers: string[]) => ({ answers, exact: true });
const sorted = (...answers: string[]) => ({ answers, exact: false });

describe('a single call', () => {
  it.each([
    '0',
    '-0',
    '""',
    'null',
    '1.5',
    '1.0',
    '1e2',
    '9007199254740993',
    '"a\\"b\\u00e9"',
    '"\u00e9\ud83e\udd80"',
    '{"a":[1]}',
    'true',
  ])('is answered under its id %s', (id) => {
    expect(match(call(id), result(id))).toEqual(whole(result(id)));
  });

  it.each([
    ['1.0', '1'],
    ['1e2', '100'],
    ['-0', '0'],
    ['9007199254740993', '9007199254740992'],
    ['18446744073709551617', '1.8446744073709552e19'],
    ['"\\u0061\\/"', '"a/"'],
    ['{ "a" : 1 }', '{"a":1}'],
  ])('is answered under its id %s written as %s', (id, rewritten) => {
    expect(match(call(id), result(rewritten))).toEqual(whole(result(rewritten)));
  });

  it.each([
    ['1', '2'],
    ['1', '"1"'],
    ['"1"', '1'],
    ['0', 'null'],
    ['null', '0'],
    ['""', 'null'],
    ['""', '0'],
    ['9007199254740993', '9007199254740999'],
    ['1', '[1]'],
  ])('with the id %s is not answered under the id %s', (id, other) => {
    expect(match(call(id), result(other))).toBe('none');
    if (other !== 'null') expect(match(call(id), error(other))).toBe('none');
  });

  it.each([
    ['without an id', error()],
    ['with null for an id', error('null')],
    ['with its id', error('1')],
  ])('may be answered by an error %s', (_, answer) => {
    expect(match(call('1'), answer)).toEqual(whole(answer));
  });

  it.each([
    ['a result without an id', '{"result":1}'],
    ['neither a result nor an error', '{"id":1}'],
    ['null for an error and no result', '{"id":1,"error":null}'],
    ['null for an error and no id', '{"error":null}'],
    ['an array', `[${result('1')}]`],
    ['an empty array', '[]'],
    ['a cut answer', result('1').slice(0, -1)],
    ['a page', '<html></html>'],
    ['nothing', ''],
  ])('is not answered by %s', (_, answer) => {
    expect(match(call('1'), answer)).toBe('none');
  });

  it.each([
    ['a result of null', result('1', 'null')],
    ['an empty list', result('1', '[]')],
    ['a result beside null for an error', '{"id":1,"result":1,"error":null}'],
    ['blanks and a byte order mark around it', `\ufeff \n${result('1')}\r\n`],
  ])('is answered by %s', (_, answer) => {
    expect(match(call('1'), answer)).toEqual(whole(answer.trim()));
  });
});

describe('a batch', () => {
  it('is matched by id, whatever the order of the answers', () => {
    const answers = ['1', '"b"', 'null'].map((id) => result(id));
    const [one = '', b = '', none = ''] = answers;
    expect(match(calls('1', '"b"', 'null'), `[${answers.join()}]`)).toEqual(whole(...answers));
    expect(match(calls('1', '"b"', 'null'), `[${none},${one},${b}]`)).toEqual(sorted(...answers));
  });

  it('calls with one id take their answers in turn', () => {
    const [first, second, other] = [result('7', '"x"'), result('7', '"y"'), result('8')];
    expect(match(calls('7', '8', '7'), `[${first},${second},${other}]`)).toEqual(
      sorted(first, other, second),
    );
    expect(match(calls('7', '7'), `[${first}]`)).toBe('none');
  });

  it('numbers beyond 2^53 that are one value are told apart by their digits', () => {
    const [even, odd] = ['9007199254740992', '9007199254740993'];
    const answers = [result(odd, '"odd"'), result(even, '"even"')];
    expect(match(calls(even, odd), `[${answers.join()}]`)).toEqual(
      sorted(result(even, '"even"'), result(odd, '"odd"')),
    );
  });

  it('rewritten ids are matched by value', () => {
    expect(match(calls('1.0', '"\\u0061"'), `[${result('"a"')},${result('1')}]`)).toEqual(
      sorted(result('1'), result('"a"')),
    );
  });

  it('an answer too many is left out', () => {
    expect(match(calls('1'), `[${result('1')},${error('null')}]`)).toEqual(sorted(result('1')));
  });

  it('a refused item without an id belongs to the call that nobody answered', () => {
    expect(match(calls('1', '{}', '3'), `[${result('3')},${error('null')},${result('1')}]`)).toEqual(
      sorted(result('1'), error('null'), result('3')),
    );
    expect(match(calls('1', '2'), `[${error()},${error()}]`)).toEqual(sorted(error(), error()));
  });

  it.each([
    ['one item too few', `[${result('1')}]`],
    ['a foreign id', `[${result('1')},${result('3')}]`],
    ['one object', result('1')],
    ['one error with an id', error('1')],
    ['an item without an outcome', `[${result('1')},{"id":2}]`],
    ['an item with null for an error', `[${result('1')},{"id":2,"error":null}]`],
    ['a result without an id', `[${result('1')},{"result":1}]`],
    ['an empty array', '[]'],
    ['an array with something else in it', `[${result('1')},${result('2')},null]`],
  ])('is not answered by %s', (_, answer) => {
    expect(match(calls('1', '2'), answer)).toBe('none');
  });

  it.each([
    ['an error without an id', error()],
    ['an error with null', error('null')],
  ])('is refused as a whole by %s, in an array or not', (_, answer) => {
    expect(match(calls('1', '2'), answer)).toEqual({ refusal: answer });
    expect(match(calls('1', '2'), `[${answer}]`)).toEqual({ refusal: answer });
  });
});

describe('of one answer', () => {
  const answerIn = (text: string) => {
    const [first] = scanRpcAnswer(Buffer.from(text))?.answers ?? [];
    if (!first) throw new Error(`no answer: ${text}`);
    return first;
  };

  it.each([
    ['{"id":1,"error":{}}', true],
    ['{"id":1,"error":"busy"}', true],
    ['{"id":1,"error":null,"result":1}', false],
    ['{"id":1,"result":{"error":1}}', false],
  ])('%s is an error: %s', (text, is) => {
    expect(isError(Buffer.from(text), answerIn(text))).toBe(is);
  });

  it.each([
    ['1', '1', true],
    ['1.0', '1', false],
    ['12', '1', false],
    ['"\u00e9"', '"\u00e9"', true],
    ['"\u00e9"', '"\\u00e9"', false],
  ])('the id %s sent and %s returned are the same bytes: %s', (sent, returned, same) => {
    const request = asked(call(sent));
    const [only] = request.calls;
    if (!only) throw new Error('a call was written');
    const answer = result(returned);
    expect(hasSameBytes(Buffer.from(answer), answerIn(answer), request.body, only)).toBe(same);
  });

  it('one without an id has not the bytes of any', () => {
    const request = asked(call('1'));
    const [only] = request.calls;
    if (!only) throw new Error('a call was written');
    expect(hasSameBytes(Buffer.from(error()), answerIn(error()), request.body, only)).toBe(false);
  });
});
