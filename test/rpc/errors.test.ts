import { describe, expect, it } from 'vitest';
import { classifyRpcError, type RpcErrorFacts } from '../../src/rpc/errors.ts';

function classOf(message: string, facts: Partial<RpcErrorFacts> = {}): string {
  return classifyRpcError({
    httpStatus: 200,
    code: -32000,
    data: undefined,
    method: 'eth_call',
    ...facts,
    message,
  }).class;
}
const raw = { method: 'eth_sendRawTransaction' };

describe('traps that other tables fell into', () => {
  it('1: does not find "known transaction" in "unknown transaction", nor for other methods', () => {
    expect(classOf('unknown transaction type', raw)).toBe('unknown');
    expect(classOf('Unknown transaction: 0x1', raw)).toBe('unknown');
    expect(classOf('known transaction: 0x1', raw)).toBe('raw-tx-known');
    expect(classOf('known transaction: 0x1', { method: 'eth_getTransactionByHash' })).toBe('unknown');
    expect(classOf('known transaction: 0x1', { method: undefined })).toBe('unknown');
  });

  it('2: reads a revert’s reason as a revert, whatever it says of limits', () => {
    for (const reason of [
      'deposit limit exceeded',
      'rate limit',
      'too many requests',
      'block range is too wide',
    ]) {
      expect(classOf(`execution reverted: ${reason}`)).toBe('revert');
      expect(classOf(`execution reverted: ${reason}`, { httpStatus: 429 })).toBe('revert');
      expect(classOf(reason, { code: 3 })).toBe('revert');
    }
  });

  it('3: reads a revert’s reason as a revert, whatever it says of support', () => {
    expect(classOf('execution reverted: token not supported')).toBe('revert');
    expect(classOf('token not supported', { code: 3 })).toBe('revert');
    expect(classOf('Method not found', { code: 3 })).toBe('revert');
  });

  it('4: does not take "query has exceeded" for throttling', () => {
    expect(classOf('query has exceeded the time limit')).toBe('node-timeout');
    expect(classOf('Your app has exceeded its rate')).toBe('throttled');
    expect(classOf('the guest has exceeded his stay')).toBe('unknown');
  });

  it('5: does not mind capitals', () => {
    for (const text of ['Too Many Requests', 'TOO MANY REQUESTS', 'too many requests', 'Too many Requests']) {
      expect(classOf(text)).toBe('throttled');
    }
    expect(classOf('EXECUTION REVERTED')).toBe('revert');
  });

  it('6: does not mind the names of providers', () => {
    for (const name of ['quicknode', 'blockpi.io', 'ankr.com', 'rockx.com', 'alchemy.com', 'infura.io']) {
      expect(classOf(`execution reverted: see ${name}`)).toBe('revert');
      expect(classOf(`see ${name}`)).toBe('unknown');
    }
  });

  it('7: tells codes by equality, not by a range that none can be in', () => {
    for (let code = -32099; code <= -31990; code++) {
      const known = [-32005, -32007, -32009, -32090].includes(code);
      expect(classOf('', { code }) === 'unknown').toBe(!known);
    }
  });

  it('8: looks at the words of the error only, not at what else is in its data', () => {
    expect(
      classOf('oops', { data: { 'rate limit': 1, error: null, code: -32005, values: [-32, 429] } }),
    ).toBe('unknown');
    expect(classOf('oops', { data: `0x${Buffer.from('rate limit').toString('hex')}` })).toBe('revert');
    expect(
      classOf('oops', { data: { logs: ['rate limit'], revert_error: 'rate limit', see: 'rate limit' } }),
    ).toBe('unknown');
    expect(classOf('oops', { data: ['rate limit'] })).toBe('unknown');
    expect(classOf('oops', { data: 'rate limit' })).toBe('throttled');
    expect(classOf('oops', { data: { message: 'rate limit' } })).toBe('throttled');
    expect(classOf('oops', { data: { error: { message: 'rate limit' } } })).toBe('throttled');
    expect(classOf('oops', { whole: { details: 'rate limit' } })).toBe('throttled');
    expect(classOf('oops', { whole: { other: 'rate limit' } })).toBe('unknown');
  });
});

/** A phrase of each class, in the order in which they are looked for. */
const IN_ORDER = [
  ['revert', 'execution reverted'],
  ['tag-unsupported', 'malformed blocknumber'],
  ['missing-data', 'header not found'],
  ['raw-tx-known', 'already known'],
  ['raw-tx-nonce', 'nonce too low'],
  ['raw-tx-policy', 'transaction fee too low'],
  ['raw-tx-final', 'intrinsic gas too low'],
  ['sender-limit', 'sender is over rate limit'],
  ['batch-too-large', 'batch too large'],
  ['range-too-large', 'too many results'],
  ['node-timeout', 'execution timeout'],
  ['method-unsupported', 'unsupported method'],
  ['plan', 'monthly capacity limit'],
  ['auth', 'invalid api key'],
  ['throttled', 'too many requests'],
  ['upstream-broken', 'connection reset'],
  ['client-error', 'invalid params'],
] as const;

describe('the order of the table', () => {
  it.each(IN_ORDER.map(([name, phrase], at) => [name, phrase, at] as const))(
    'lets %s win over every class below it',
    (name, phrase, at) => {
      for (const [, below] of IN_ORDER.slice(at)) {
        expect(classOf(`${phrase} ${below}`, { ...raw, code: -32600 })).toBe(name);
        expect(classOf(`${below} ${phrase}`, { ...raw, code: -32600 })).toBe(name);
      }
    },
  );

  it('lets a text win over the codes and statuses of the classes below it', () => {
    expect(classOf('sender is over rate limit', { code: -32614 })).toBe('sender-limit');
    expect(classOf('too many results', { httpStatus: 402 })).toBe('range-too-large');
    expect(classOf('monthly capacity limit', { code: 429, httpStatus: 429 })).toBe('plan');
    expect(classOf('too many requests', { httpStatus: 503 })).toBe('throttled');
    expect(classOf('connection reset', { code: -32005 })).toBe('upstream-broken');
  });

  it('lets the codes and statuses that are sure win over the texts of the classes below them', () => {
    expect(classOf('monthly capacity limit', { code: -32614 })).toBe('range-too-large');
    expect(classOf('monthly capacity limit', { httpStatus: 413 })).toBe('range-too-large');
    expect(classOf('invalid api key', { httpStatus: 402 })).toBe('plan');
    expect(classOf('connection reset', { code: 429 })).toBe('throttled');
    expect(classOf('connection reset', { httpStatus: 429 })).toBe('throttled');
  });

  it('puts revert words before missing data, and missing data before bare code 3', () => {
    expect(classOf('execution reverted: header not found')).toBe('revert');
    expect(classOf('header not found', { code: 3 })).toBe('missing-data');
    expect(classOf('oh no', { code: 3 })).toBe('revert');
  });

  it('puts bare code 3 before the words for raw transactions', () => {
    expect(classOf('already known', { ...raw, code: 3 })).toBe('revert');
  });

  it('puts raw transactions before throttling and support, for their methods only', () => {
    expect(classOf('already known: rate limit', raw)).toBe('raw-tx-known');
    expect(classOf('transaction type not supported', raw)).toBe('raw-tx-final');
    expect(classOf('nonce too low: rate limit')).toBe('throttled');
  });

  it('gives a sender limit to the client whatever the HTTP status', () => {
    for (const httpStatus of [200, 400, 403, 429, 503]) {
      expect(classOf('sender is over rate limit', { ...raw, httpStatus })).toBe('sender-limit');
    }
  });

  it('puts a range that is too large before plan and throttling', () => {
    expect(classOf('query returned more than 10000 results', { code: -32005, httpStatus: 429 })).toBe(
      'range-too-large',
    );
    expect(classOf('range limit exceeded, upgrade your plan')).toBe('range-too-large');
  });

  it('puts plan, auth and method before throttling and before the codes of a client’s mistake', () => {
    expect(
      classOf('daily request count exceeded, request rate limited', { code: -32005, httpStatus: 429 }),
    ).toBe('plan');
    expect(classOf('invalid api key: rate limit', { httpStatus: 429 })).toBe('auth');
    expect(classOf('Unsupported method: rate limit', { httpStatus: 429 })).toBe('method-unsupported');
    expect(classOf('Invalid Request: upgrade your plan', { code: -32600 })).toBe('plan');
    expect(classOf('Invalid Request: Must be authenticated', { code: -32600 })).toBe('auth');
    expect(classOf('Invalid params: unsupported method', { code: -32602 })).toBe('client-error');
  });

  it('puts throttling before a broken upstream, and each reason before an internal error', () => {
    expect(classOf('too many requests: connection reset')).toBe('throttled');
    expect(classOf('internal error: execution timeout')).toBe('node-timeout');
    expect(classOf('Internal error', { data: 'header not found' })).toBe('missing-data');
    expect(classOf('Internal error', { data: 'an odd state of the flux' })).toBe('unknown');
    expect(classOf('Internal error')).toBe('upstream-broken');
    expect(classOf('invalid argument: execution timeout', { code: -32602 })).toBe('node-timeout');
  });

  it('breaks the ties of phrases that stand in two rows', () => {
    expect(classOf('under too much load')).toBe('upstream-broken');
    expect(classOf('No server available')).toBe('upstream-broken');
    expect(classOf('not allowed to access method eth_call')).toBe('method-unsupported');
    expect(classOf('not allowed to access this chain')).toBe('auth');
  });

  it('lets the text decide between the meanings of a code, and a code decide before the status', () => {
    expect(classOf('over rate limit', { code: -32016 })).toBe('throttled');
    expect(classOf('unauthorized', { code: -32016 })).toBe('auth');
    expect(classOf('VM execution error.', { code: -32015 })).toBe('revert');
    expect(classOf('execution timeout', { code: -32015 })).toBe('node-timeout');
    expect(classOf('limit exceeded', { code: -32601 })).toBe('unknown');
    expect(classOf('nope', { code: -32601, httpStatus: 403 })).toBe('method-unsupported');
  });

  it('bans eth_getLogs for a bare limit of BNB, not for a real one', () => {
    const bnb = { code: -32005, method: 'eth_getLogs' };
    expect(classOf('limit exceeded', bnb)).toBe('method-unsupported');
    expect(classOf('limit exceeded', { ...bnb, httpStatus: 429 })).toBe('throttled');
    expect(classOf('project limit exceeded', bnb)).toBe('throttled');
    expect(classOf('limit exceeded', { ...bnb, method: 'eth_call' })).toBe('throttled');
  });

  it('judges HTTP 500 by the error in it, other 5xx by the status when the error says nothing', () => {
    expect(classOf('something new', { httpStatus: 500 })).toBe('unknown');
    expect(classOf('something new', { httpStatus: 503 })).toBe('upstream-broken');
    expect(classOf('header not found', { httpStatus: 503 })).toBe('missing-data');
  });

  it('does not search what is hidden behind thousands of characters', () => {
    expect(classOf(`${'x'.repeat(5000)} rate limit`)).toBe('unknown');
    expect(
      classOf('oops', { data: Array.from({ length: 5000 }, (_, i) => (i === 4999 ? 'rate limit' : i)) }),
    ).toBe('unknown');
  });
});
