import { describe, expect, it } from 'vitest';
import {
  parseRpcRequest,
  type RpcAnswer,
  type RpcCall,
  scanRpcAnswer,
  startsLikeAnswer,
} from '../../src/rpc/message.ts';

const call = (text: string): RpcCall | undefined => parseRpcRequest(Buffer.from(text))?.calls[0];
const answer = (text: string): RpcAnswer | undefined => scanRpcAnswer(Buffer.from(text))?.answers[0];
const isRequest = (text: string): boolean => parseRpcRequest(Buffer.from(text)) !== undefined;
const isAnswer = (text: string): boolean => scanRpcAnswer(Buffer.from(text)) !== undefined;
const part = (text: string, start: number, end: number): string | undefined =>
  start === -1 ? undefined : Buffer.from(text).subarray(start, end).toString();

describe('parseRpcRequest', () => {
  it('finds a call’s members where they stand', () => {
    const text = ' {"jsonrpc":"2.0", "id" : "a\\"b" ,"method":"eth_call","params":[{"to":"}"}, "latest"]}\n';
    const found = call(text);
    expect(found?.method).toBe('eth_call');
    expect(part(text, found?.idStart ?? 0, found?.idEnd ?? 0)).toBe('"a\\"b"');
    expect(part(text, found?.paramsStart ?? 0, found?.paramsEnd ?? 0)).toBe('[{"to":"}"}, "latest"]');
    expect(part(text, found?.start ?? 0, found?.end ?? 0)).toBe(text.trim());
    expect(found?.ambiguous).toBe(false);
  });

  it.each(['1', '-0.5e+10', '12345678901234567890123', '"x"', 'null', 'true', '[1, 2]', '{"a": 1}', '""'])(
    'keeps the id %s byte for byte',
    (id) => {
      const text = `{"id": ${id} ,"method":"m"}`;
      const found = call(text);
      expect(part(text, found?.idStart ?? 0, found?.idEnd ?? 0)).toBe(id);
    },
  );

  it('tells a notification by its missing id', () => {
    expect(call('{"method":"m"}')).toMatchObject({ idStart: -1, idEnd: -1, paramsStart: -1, paramsEnd: -1 });
  });

  it('does not take members of nested values for its own', () => {
    expect(call('{"params":{"id":1,"method":"x"},"method":"m"}')).toMatchObject({ method: 'm', idStart: -1 });
  });

  it('reads names and methods that are written with escapes', () => {
    const found = call('{"\\u006dethod":"eth_\\u0063all","\\u0069\\u0064":7}');
    expect(found).toMatchObject({ method: 'eth_call', ambiguous: true });
    expect(found?.idStart).not.toBe(-1);
    expect(call('{"method":"eth_\\u0063all"}')).toMatchObject({ method: 'eth_call', ambiguous: false });
  });

  it('takes the last of two equal members and says so', () => {
    expect(call('{"method":"a","method":"b"}')).toMatchObject({ method: 'b', ambiguous: true });
    expect(call('{"id":1,"id":2,"method":"b"}')).toMatchObject({ idStart: 13, ambiguous: true });
    expect(call('{"jsonrpc":"1.0","jsonrpc":"2.0","method":"b"}')?.ambiguous).toBe(true);
    expect(call('{"other":1,"other":2,"method":"b"}')?.ambiguous).toBe(false);
  });

  it.each(['Method', 'METHOD', 'PARAMS', 'param\u017f', '\\u004dethod', 'Id', 'JsonRpc', 'metho\\qd'])(
    'warns of the key %s, which some parsers take for a name',
    (key) => {
      expect(call(`{"${key}":"x","method":"m"}`)).toMatchObject({ method: 'm', ambiguous: true });
      expect(isRequest(`{"${key}":"x"}`)).toBe(false);
    },
  );

  it.each(['methods', 'metho', 'mfthod', 'pbrams', 'ie', 'jsonrpd', 'é', '', 'a'.repeat(60)])(
    'finds nothing odd in the key "%s"',
    (key) => {
      expect(call(`{"${key}":"x","method":"m"}`)).toMatchObject({ method: 'm', ambiguous: false });
    },
  );

  it('tells a batch from a call, and an item that is no call from one that is', () => {
    const batch = parseRpcRequest(Buffer.from('[{"method":"a","id":1}, 5, [], {"id":2}, {"method":3}]'));
    expect(batch?.batch).toBe(true);
    expect(batch?.calls.map((item) => item.method)).toEqual([
      'a',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(batch?.calls[3]?.idStart).not.toBe(-1);
    expect(batch?.calls[1]).toMatchObject({ start: 24, end: 25 });
    expect(parseRpcRequest(Buffer.from('[ ]'))).toEqual({ batch: true, calls: [] });
  });

  it('reads no more items of a batch than it is told to, whatever follows', () => {
    const read = (text: string) => parseRpcRequest(Buffer.from(text), 2);
    expect(read('[{"method":"a"},1]')?.calls).toHaveLength(2);
    expect(read('[{"method":"a"},1,2]')).toEqual({ batch: true, calls: [], isTooLong: true });
    expect(read('[{"method":"a"},1,{')).toEqual({ batch: true, calls: [], isTooLong: true });
    expect(read('[1,1,{"method":"a"}]')).toBeUndefined();
  });

  it.each([
    ['an object without a method', '{"id":1}'],
    ['a method that is no string', '{"method":1}'],
    ['a method with a broken escape', '{"method":"a\\x"}'],
    ['a method with a raw control character', '{"method":"a\nb"}'],
    ['an array without a call', '[1,{"id":1}]'],
    ['a form', 'method=eth_call'],
    ['nothing', ''],
    ['a string', '"method"'],
    ['a word after the end', '{"method":"m"} x'],
    ['two documents', '{"method":"m"}{"method":"m"}'],
    ['a trailing comma in an object', '{"method":"m",}'],
    ['a trailing comma in an array', '[{"method":"m"},]'],
    ['a missing comma', '{"method":"m" "id":1}'],
    ['a missing comma between items', '[{"method":"m"} {"method":"m"}]'],
    ['another mark for a comma', '{"method":"m";"id":1}'],
    ['another mark between items', '[{"method":"m"};{"method":"m"}]'],
    ['another mark for a colon', '{"method"="m"}'],
    ['a missing colon', '{"method" "m"}'],
    ['a key without quotes', '{method:"m"}'],
    ['brackets of two kinds', '{"method":"m","params":[}]}'],
    ['brackets of two kinds, deep down', `{"method":"m","params":${'['.repeat(40)}}${']'.repeat(39)}}`],
    ['half a word', '{"method":"m","id":tru}'],
    ['no JSON number', '{"method":"m","id":01}'],
    ['a bare point', '{"method":"m","id":1.}'],
    ['a bare sign', '{"method":"m","id":-}'],
    ['an empty exponent', '{"method":"m","id":1e}'],
    ['a missing value', '{"method":"m","id":}'],
    ['a white space that JSON has not', '{"method":\u00a0"m"}'],
  ])('refuses %s', (_, text) => {
    expect(isRequest(text)).toBe(false);
  });

  it('tolerates a byte order mark, once, at the start only', () => {
    expect(call('\ufeff {"method":"m"}')?.start).toBe(4);
    expect(isRequest('\ufeff\ufeff{"method":"m"}')).toBe(false);
    expect(isRequest(' \ufeff{"method":"m"}')).toBe(false);
  });

  it('reads strings of backslashes and quotes of any length', () => {
    for (let length = 0; length < 120; length++) {
      const hostile = `${'a'.repeat(length)}${'\\"'.repeat(length % 7)}${'\\\\'.repeat(length % 5)}`;
      const text = `{"method":"m","params":["${hostile}","b"]}`;
      const found = call(text);
      expect(part(text, found?.paramsStart ?? 0, found?.paramsEnd ?? 0)).toBe(`["${hostile}","b"]`);
      expect(isRequest(`{"method":"m","params":["${hostile}\\"]}`)).toBe(false);
    }
  });

  it('survives a megabyte of open brackets, and reads them when they are closed', () => {
    const deep = `${'[{"a":'.repeat(100_000)}1${'}]'.repeat(100_000)}`;
    expect(isRequest('['.repeat(1_000_000))).toBe(false);
    expect(isRequest(`{"method":"m","params":${deep}}`)).toBe(true);
    expect(isRequest(`{"method":"m","params":${deep.slice(0, -1)}}}`)).toBe(false);
  });
});

describe('scanRpcAnswer', () => {
  it('finds result, error and id', () => {
    const text = '\ufeff\n{"jsonrpc":"2.0","result":null,"id":"1","error":{"code":-32000,"message":"}"}}';
    const found = answer(text);
    expect(part(text, found?.resultStart ?? 0, found?.resultEnd ?? 0)).toBe('null');
    expect(part(text, found?.idStart ?? 0, found?.idEnd ?? 0)).toBe('"1"');
    expect(part(text, found?.errorStart ?? 0, found?.errorEnd ?? 0)).toBe('{"code":-32000,"message":"}"}');
  });

  it('leaves an object with neither result nor error to its caller', () => {
    expect(answer('{}')).toMatchObject({ start: 0, end: 2, idStart: -1, resultStart: -1, errorStart: -1 });
  });

  it('reads a batch', () => {
    const found = scanRpcAnswer(Buffer.from('[{"id":1,"result":2},{"id":2,"result":3}]'));
    expect(found?.batch).toBe(true);
    expect(found?.answers.map((item) => item.resultStart)).toEqual([18, 38]);
    expect(scanRpcAnswer(Buffer.from('[]'))).toEqual({ batch: true, answers: [] });
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
    ['a page', '<!DOCTYPE html><html></html>'],
    ['a bare string', '"ok"'],
    ['null', 'null'],
    ['an array with something else in it', '[{"id":1,"result":2},null]'],
    ['a cut object', '{"id":1,"result":"0x'],
    ['a page after an object', '{"id":1,"result":1}<html>'],
  ])('refuses %s', (_, text) => {
    expect(isAnswer(text)).toBe(false);
  });
});

describe('startsLikeAnswer', () => {
  it.each(['{', ' \r\n\t[', '\ufeff {"id"'])('says yes to %j', (text) => {
    expect(startsLikeAnswer(Buffer.from(text), true)).toBe(true);
  });
  it.each(['', ' ', '<html>', '\ufeff', '"{"', '0x{'])('says no to %j', (text) => {
    expect(startsLikeAnswer(Buffer.from(text), true)).toBe(false);
  });
  it('says no to an array where one call was sent', () => {
    expect([startsLikeAnswer(Buffer.from('[{'), false), startsLikeAnswer(Buffer.from(' {'), false)]).toEqual([
      false,
      true,
    ]);
  });
});
