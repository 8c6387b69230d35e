import { describe, expect, it } from 'vitest';
import { callForSpan, readLogsRange, spanOf } from '../../src/rpc/logs-range.ts';
import { parseRpcRequest } from '../../src/rpc/message.ts';

function read(params: string, method = 'eth_getLogs') {
  const body = Buffer.from(`{"jsonrpc":"2.0","id":1,"method":"${method}","params":${params}}`);
  const call = parseRpcRequest(body)?.calls[0];
  if (!call) throw new Error('no call');
  return { body, call, range: readLogsRange(call, body) };
}

describe('the range of a call', () => {
  it.each([
    ['[{"fromBlock":"0x1","toBlock":"0xa"}]', [1, 10]],
    [
      ' [ { "address" : ["0x}","\\"]"], "toBlock":"0x0A" , "topics":[null,[]], "fromBlock" : "0x01" } ] ',
      [1, 10],
    ],
    ['[{"fromBlock":"0x5","toBlock":"0x5"}]', [5, 5]],
    ['[{"fromBlock":"0x5","toBlock":"latest"}]', [5, undefined]],
    ['[{"fromBlock":"0x5"}]', [5, undefined]],
  ])('%s', (params, [from, to]) => {
    expect(read(params).range).toMatchObject({ from, to });
  });

  it.each([
    '[{"fromBlock":"0x1","toBlock":"pending"}]',
    '[{"fromBlock":"0x1","toBlock":"safe"}]',
    '[{"fromBlock":"0x1","toBlock":null}]',
    '[{"fromBlock":"earliest","toBlock":"0xa"}]',
    '[{"fromBlock":"latest"}]',
    '[{"toBlock":"0xa"}]',
    '[{}]',
    '[]',
    '{"fromBlock":"0x1","toBlock":"0xa"}',
    '[{"fromBlock":"0x1","toBlock":"0xa"},{}]',
    '[{"fromBlock":"0xb","toBlock":"0xa"}]',
    '[{"fromBlock":1,"toBlock":10}]',
    '[{"fromBlock":"1","toBlock":"10"}]',
    '[{"fromBlock":"0x1","toBlock":"0xa","blockHash":"0xab"}]',
    '[{"fromBlock":"0x1","toBlock":"0xa","toBlock":"0xb"}]',
    '[{"fromBlock":"0x1","toblock":"0xa"}]',
    '[{"fromBlock":"0x1","to\\u0042lock":"0xa"}]',
    `[{"fromBlock":"0x1","toBlock":"0x${'f'.repeat(16)}"}]`,
  ])('is not certain in %s', (params) => {
    expect(read(params).range).toBeUndefined();
  });

  it('is looked for in no other call', () => {
    expect(read('[{"fromBlock":"0x1","toBlock":"0xa"}]', 'eth_newFilter').range).toBeUndefined();
  });

  it('has as many blocks as the newest one lets it have', () => {
    const closed = read('[{"fromBlock":"0x1","toBlock":"0xa"}]').range;
    const open = read('[{"fromBlock":"0x5"}]').range;
    if (!closed || !open) throw new Error('no range');
    expect([spanOf(closed, undefined), spanOf(open, 7), spanOf(open, 4), spanOf(open, undefined)]).toEqual([
      10,
      3,
      undefined,
      undefined,
    ]);
  });
});

describe('a part of it', () => {
  it.each([
    ['[{"a": 1e9,"fromBlock":"0x1" ,"toBlock":"0xa"}]', 5, '[{"a": 1e9,"fromBlock":"0x3" ,"toBlock":"0x5"}]'],
    [
      '[{"toBlock":"0xa", "é":"\\u0041","fromBlock":"0x1"}]',
      5,
      '[{"toBlock":"0x5", "é":"\\u0041","fromBlock":"0x3"}]',
    ],
    ['[{"fromBlock":"0x1","x":[]}]', 5, '[{"fromBlock":"0x3","toBlock":"0x5","x":[]}]'],
    ['[{"fromBlock":"0x1","x":[]}]', undefined, '[{"fromBlock":"0x3","x":[]}]'],
    ['[{"fromBlock":"0x1","toBlock":"latest"}]', undefined, '[{"fromBlock":"0x3","toBlock":"latest"}]'],
  ])('of %s to %s is %s', (params, last, expected) => {
    const { body, call, range } = read(params);
    if (!range) throw new Error('no range');
    const part = callForSpan(body, call, range, { first: 3, last });
    expect(part.toString()).toBe(`{"jsonrpc":"2.0","id":1,"method":"eth_getLogs","params":${expected}}`);
  });
});
