import { describe, expect, it } from 'vitest';
import { ClientWords } from '../../src/rpc/client-words.ts';
import { actions, classifyRpcError, classifyRpcResult, classifyRpcStatus } from '../../src/rpc/errors.ts';

describe('classifyRpcStatus', () => {
  it.each([
    [200, undefined],
    [301, undefined],
    [400, 'client-error'],
    [401, 'auth'],
    [402, 'plan'],
    [403, 'auth'],
    [404, 'upstream-broken'],
    [405, 'unknown'],
    [408, 'node-timeout'],
    [413, 'range-too-large'],
    [415, 'unknown'],
    [418, undefined],
    [429, 'throttled'],
    [500, 'upstream-broken'],
    [502, 'upstream-broken'],
    [599, 'upstream-broken'],
  ])('takes HTTP %i alone for %s', (status, expected) => {
    expect(classifyRpcStatus(status)).toBe(expected);
  });
});

describe('classifyRpcResult', () => {
  it('finds timeouts in traces only, and revert data in eth_call only', () => {
    expect(classifyRpcResult('trace_call', { error: 'execution timeout' })).toBe('node-timeout');
    expect(
      classifyRpcResult('debug_traceBlockByHash', [
        { result: {} },
        { result: { error: 'execution timeout' } },
      ]),
    ).toBe('node-timeout');
    expect(
      classifyRpcResult('trace_call', { error: 'execution reverted: execution timeout' }),
    ).toBeUndefined();
    expect(classifyRpcResult('trace_block', null)).toBeUndefined();
    expect(classifyRpcResult('eth_getLogs', { error: 'execution timeout' })).toBeUndefined();
    expect(classifyRpcResult('eth_call', '0x08c379a0')).toBe('revert');
    expect(classifyRpcResult('eth_call', '0x')).toBeUndefined();
    expect(classifyRpcResult('eth_getCode', '0x08c379a0')).toBeUndefined();
  });
});

describe('how long a provider asks to be left alone', () => {
  const rest = (message: string, data: unknown, code = -32005) =>
    classifyRpcError({ httpStatus: 429, code, message, data, method: 'eth_call' }).rest;

  it('reads backoff_seconds in both places', () => {
    expect(rest('rate limit', { backoff_seconds: 30 })).toEqual({ kind: 'for', ms: 30_000 });
    expect(rest('rate limit', { rate: { backoff_seconds: 0.0005 } })).toEqual({ kind: 'for', ms: 1 });
  });

  it.each([
    undefined,
    null,
    'x',
    {},
    { backoff_seconds: 0 },
    { backoff_seconds: -1 },
    { backoff_seconds: 'soon' },
  ])('asks for nothing with %j', (data) => {
    expect(rest('rate limit', data)).toBeUndefined();
  });

  it('lasts until midnight UTC for a daily limit, whatever else is asked', () => {
    expect(rest('daily request count exceeded', { backoff_seconds: 5 })).toEqual({
      kind: 'until-utc-midnight',
    });
    expect(rest('Monthly capacity limit exceeded', undefined)).toBeUndefined();
  });

  it.each([
    ['Rate limited, retry in 25s', 25_000],
    ['too many requests, try again in 5 seconds', 5_000],
    ['Public RPC Rate Limit Hit, limit will reset in 60 seconds', 60_000],
    ['rate limit: please retry after 2 minutes', 120_000],
    ['rate limit: retry in 250ms', 250],
    ['rate limit: retry in 250 milliseconds', 250],
    ['rate limit: wait 1.5 s', 1_500],
    ['rate limit: try again in 1m30s', 90_000],
    ['rate limit: resets after 2 hours', 7_200_000],
    ['rate limit: retry in 80µs', 1],
  ])('reads the time in the words of %j', (message, ms) => {
    expect(rest(message, undefined)).toEqual({ kind: 'for', ms });
  });

  it.each([
    'rate limit of 25s',
    'rate limit, retry soon',
    'rate limit, retry in 3 moons',
    'rate limit, 5 requests in 10 seconds',
    'rate limit, retry in 0s',
  ])('finds no time to rest in %j', (message) => {
    expect(rest(message, undefined)).toBeUndefined();
  });

  it('reads a time in the data, and believes it before the words', () => {
    expect(rest('rate limit', { try_again_in: '67.152ms' })).toEqual({ kind: 'for', ms: 68 });
    expect(rest('rate limit, retry in 9s', { backoff_seconds: 2 })).toEqual({ kind: 'for', ms: 2_000 });
    expect(rest('rate limit', { try_again_in: 'soon' })).toBeUndefined();
  });

  it('takes no time from what the client wrote', () => {
    const words = new ClientWords(() => '["retry in 59 minutes"]');
    const facts = { httpStatus: 429, code: -32005, data: undefined, method: 'eth_call', words };
    expect(classifyRpcError({ ...facts, message: 'rate limit: retry in 59 minutes' }).rest).toBeUndefined();
    expect(classifyRpcError({ ...facts, message: 'rate limit: retry in 5 s' }).rest).toEqual({
      kind: 'for',
      ms: 5_000,
    });
  });

  it('is not given for errors that are no limit', () => {
    expect(rest('execution reverted: daily', { backoff_seconds: 5 }, 3)).toBeUndefined();
  });
});

describe('actions', () => {
  it('blames only for limits, plan, auth, methods and broken upstreams, and only when another is asked', () => {
    const blamed = Object.entries(actions).filter(([, action]) => action.blame !== undefined);
    expect(Object.fromEntries(blamed.map(([name, action]) => [name, action.blame]))).toEqual({
      plan: 'plan',
      auth: 'auth',
      'method-unsupported': 'method-unsupported',
      throttled: 'rate-limited',
      'upstream-broken': 'upstream-broken',
    });
    expect(blamed.every(([, action]) => action.next)).toBe(true);
  });

  it('bans a method only where a method is unsupported', () => {
    expect(
      Object.entries(actions)
        .filter(([, action]) => action.banMethod)
        .map(([name]) => name),
    ).toEqual(['method-unsupported']);
  });

  it('gives to the client what no other upstream can mend', () => {
    const toClient = Object.entries(actions)
      .filter(([, action]) => !action.next)
      .map(([name]) => name);
    expect(toClient.sort()).toEqual(
      ['client-error', 'raw-tx-final', 'raw-tx-known', 'raw-tx-nonce', 'revert', 'sender-limit'].sort(),
    );
  });
});
