import { describe, expect, it } from 'vitest';
import { ClientWords } from '../../src/rpc/client-words.ts';
import { classifyRpcError } from '../../src/rpc/errors.ts';
import { type Asked, statedLimit } from '../../src/rpc/size-limits.ts';

interface Said {
  readonly message: string;
  readonly code?: number;
  readonly status?: number;
  readonly data?: unknown;
}

/** A text, what it states, and what else is said. */
type Row = readonly [text: string, limit: number | undefined, more?: Omit<Said, 'message'>];

const each = (rows: readonly Row[]) =>
  it.each(rows.map(([text, limit, more = {}]) => [text, limit, more] as const));

const hex = (value: number) => `0x${value.toString(16)}`;

/** What is learnt from a refusal of an eth_getLogs call for the blocks `from` to `to`. */
function ofLogs({ message, code = -32000, status = 200, data }: Said, from: number, to: number) {
  const params = JSON.stringify([
    { fromBlock: hex(from), toBlock: hex(to), address: `0x${'1a'.repeat(20)}` },
  ]);
  const words = new ClientWords(() => `eth_getLogs 1 ${params}`);
  const { size } = classifyRpcError({
    httpStatus: status,
    code,
    message,
    data,
    method: 'eth_getLogs',
    words,
  });
  return size && [size.about, statedLimit(size, { size: to - from + 1, numbers: [from, to] })];
}

/** The same of a batch of so many eth_call. */
function ofBatch({ message, code = -32000, status = 200, data }: Said, calls: number) {
  const words = new ClientWords(() => JSON.stringify(Array(calls).fill({ method: 'eth_call', id: 7 })));
  const verdict = classifyRpcError({ httpStatus: status, code, message, data, method: 'eth_call', words });
  const asked: Asked = { size: calls, numbers: [] };
  return verdict.size && [verdict.size.about, statedLimit(verdict.size, asked)];
}

describe('a refusal of a range of 20001 blocks states its limit', () => {
  each([
    [
      'You can make eth_getLogs requests with up to a 10 block range. Based on your parameters, this block range should work: [0x64, 0x6d]',
      10,
      { code: -32600 },
    ],
    ['You can make eth_getLogs requests with up to a 500 block range.', 500],
    [
      'Under the Free tier plan, you can make eth_getLogs requests with up to a 10 block range. Upgrade to PAYG for expanded block range.',
      10,
    ],
    ['this block range should work: [0x64, 0x6d]', 10],
    ['eth_getLogs is limited to a 10,000 range', 10_000, { status: 413, code: -32614 }],
    ['eth_getLogs and eth_newFilter are limited to a 10,000 blocks range', 10_000],
    ['exceed maximum block range: 5000', 5_000, { code: -32701 }],
    ['exceeded maximum block range: 5000', 5_000],
    ['range 20001 exceeds limit of 10000', 10_000, { code: -32602 }],
    ['range 20000 exceeds limit of 10000', 10_000, { code: -32602 }],
    ['requested too many blocks from 100 to 20100, maximum is set to 2048', 2_048],
    ['Maximum allowed number of requested blocks is 1000', 1_000, { code: -32005 }],
    ['query must be smaller than size 1024', 1_024],
    ['ranges over 10000 blocks are not supported on freetier', 10_000, { status: 400, code: 35 }],
    ['block range is too wide (maximum 1024)', 1_024],
    ['Block range too large: maximum allowed is 2000 blocks', 2_000, { code: -32001 }],
    ['block range too large (20000), maximum allowed is 1000 blocks', 1_000],
    ['block range too large, max range: 1000', 1_000, { code: -32005 }],
    ['block range is larger than max block range, block range = 20000, max block range = 5000', 5_000],
    ['eth_getLogs: Max range is 1000', 1_000],
    ['Max range: 800', 800, { code: -32047 }],
    ['Cannot request logs over more than 1000 blocks', 1_000],
    ['requested interval too large, max is 100', 100],
    ['please limit the query to at most 10000 blocks', 10_000],
    ['maximum [from, to] blocks distance: 2000', 2_000],
    ['eth_getLogs is limited to 0 - 10000 blocks range', 10_000],
    ['eth_getLogs is limited to a 10.000 blocks range', 10_000],
    [
      'eth_getLogs is limited to 1024 block range. Please check the parameter requirements at https://docs.example.io/errors#32600',
      1_024,
    ],
    [
      'In eth_getLogs, eth_newFilter, klay_getLogs, and klay_newFilter, the block range is limited to 2000.',
      2_000,
      { code: -32005 },
    ],
    [
      'invalid params',
      2_000,
      {
        code: -32602,
        data: { error_id: '4ed94073-0317', payload: 'range 20001 is bigger than range limit 2000' },
      },
    ],
    ["can't query more than 1000 blocks", 1_000],
    ['exceeds the range allowed for your plan (20001 > 3000).', 3_000],
    ['block range greater than 10000 max', 10_000],
    ['block range exceeds 1000', 1_000],
    ['query exceeds max block range 1000', 1_000, { code: -32602 }],
    ['eth_getLogs range is too large, max is 10k blocks', 10_000],
    ['eth_getLogs range is too large, max is 1k blocks', 1_000],
    ['maximin block range 5000', 5_000],
    ['The block range is limited to 10 000 blocks', 10_000],
    ['The block range is limited to 10_000 blocks', 10_000],
    ['maximum block range is 0x3e8', 1_000],
    ['10000 block range limit exceeded', 10_000],
    ['number of blocks in the range should be less than 20001', 20_000],
    ['block range must not exceed 2,000 blocks (requested 20,001)', 2_000],
    ['Requested range of 20001 blocks is too wide; only 50 are allowed', 50],
    // No number of theirs: what was asked for is none.
    ['block range is too large', undefined],
    ['block range too high', undefined, { code: -32600 }],
    ['block range is bigger than maxBlockRange', undefined],
    ['Block range limit exceeded. See more details at https://docs.example.com/docs/limits#8453', undefined],
    ['block range 20001 is too large', undefined],
    ['block range 20000 is too large', undefined],
    ['Requested range exceeds maximum RPC range limit', undefined, { code: -32005 }],
    ['allowed block range threshold exceeded', undefined],
    ['requested too many blocks from 100 to 20100', undefined],
    ['block range too large (code 35, timeout 30s)', undefined],
  ])('%s: %s', (message, limit, more) => {
    expect(ofLogs({ message, ...more }, 100, 20_100)).toEqual(['blocks', limit]);
  });
});

describe('a refusal because of what is in the blocks states no limit of blocks', () => {
  each([
    ['query returned more than 10000 results', undefined, { code: -32005 }],
    ['Query returned more than 10000 results. Try with this block range [0x64, 0x95].', 50, { code: -32005 }],
    ['query exceeds max results 20000, retry with the range 100-609', 510, { code: -32602 }],
    [
      'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response. Based on your parameters and the response size limit, this block range should work: [0x64, 0xc7]',
      2_000,
      { code: -32602 },
    ],
    [
      'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range and no limit on the response size, or you can request any block range with a cap of 10K logs in the response.',
      2_000,
    ],
    ['Log response size exceeded. Please reduce query block range.', undefined],
    ['logs matched by query exceeds limit of 10000', undefined],
    ['More than 5000 logs returned', undefined],
    ['too many logs requested', undefined],
    ['too many results for the filter', undefined],
  ])('%s: %s', (message, hint, more) => {
    expect(ofLogs({ message, ...more }, 100, 20_100)).toEqual(['results', hint]);
  });

  each([
    ['backend response too large', undefined, { code: -32020, status: 500 }],
    ['response size should not greater than 10000000 bytes', undefined],
    ['Log response size should not be greater than 150MB', undefined],
    ['Response is too big', undefined, { code: -32008 }],
    ['Request Entity Too Large', undefined, { status: 413 }],
  ])('%s', (message, _, more) => {
    const [about, hint] = ofLogs({ message, ...more }, 100, 20_100) ?? [];
    expect([about === 'bytes' || about === 'results', hint]).toEqual([true, undefined]);
  });
});

describe('a refusal of a batch of 12 states its limit', () => {
  each([
    ['Batch of more than 3 requests are not allowed on free tier', 3, { code: 31, status: 500 }],
    ['batch limit 10 exceeded: 12 requests given', 10],
    ['batch limit 10 exceeded (can increase by --rpc.batch.limit). Requested batch of size: 12', 10],
    ['The batch request was too large', 10, { code: -32010, data: 'Exceeded max limit of 10' }],
    ['Exceeded maximum batch size 10', 10],
    ['batch size 12 is too large (max 5)', 5],
    ["You can't send more than 10 requests in a single batch", 10],
    ['Maximum batch size is 1', 1],
    ['Batch size exceeded: only 5 calls allowed per batch', 5],
    ['Batch of 12 calls exceeds the limit of 10 calls', 10],
    ['Batched requests are not supported by this server', undefined, { code: -32005 }],
    ['Number of requests exceeds max batch size', undefined, { code: -32005 }],
    ['too many RPC calls in batch request', undefined, { code: -32014, status: 413 }],
    ['batch too large', undefined, { code: -32600 }],
    ['Batch size limit exceeded', undefined, { code: -32005 }],
    ['Too many ["eth_getLogs"] methods in the batch', undefined, { code: -32600 }],
  ])('%s: %s', (message, limit, more) => {
    expect(ofBatch({ message, ...more }, 12)).toEqual(['batch', limit]);
  });

  it('and none where the answer is what is too large', () => {
    const said = {
      message: 'The batch response was too large',
      code: -32011,
      data: 'Exceeded max limit of 10',
    };
    expect(ofBatch(said, 12)).toEqual(['bytes', undefined]);
  });
});
