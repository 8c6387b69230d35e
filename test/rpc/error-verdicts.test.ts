import { describe, expect, it } from 'vitest';
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
    [405, 'method-unsupported'],
    [408, 'node-timeout'],
    [413, 'range-too-large'],
    [415, 'method-unsupported'],
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
      [
        'client-error',
        'range-too-large',
        'raw-tx-final',
        'raw-tx-known',
        'raw-tx-nonce',
        'revert',
        'sender-limit',
      ].sort(),
    );
  });
});
