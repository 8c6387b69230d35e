import { describe, expect, it } from 'vitest';
import { MethodRules } from '../../src/clients/method-rules.ts';

describe('the methods that may be called', () => {
  it.each([
    [[], 'anything', true],
    [['eth_*', 'net_version'], 'eth_call', true],
    [['eth_*', 'net_version'], 'eth_', true],
    [['eth_*', 'net_version'], 'net_version', true],
    [['eth_*', 'net_version'], 'net_versions', false],
    [['eth_*', 'net_version'], 'xeth_call', false],
    [['eth_*', 'net_version'], 'ETH_call', false],
    [['eth_*', 'net_version'], 'eth_call ', false],
    [['eth_*'], 'eth_call\0', false],
    [['eth_*'], 'eth_сall', false],
    [['*'], '', false],
    [['*'], 'a', true],
    [['a*a'], 'a', false],
    [['a*a'], 'aa', true],
    [['*_get*By*'], 'eth_getBlockByHash', true],
    [['*_get*By*'], 'eth_getByBlock', true],
    [['*_get*By*'], 'eth_getBlock', false],
    [['a*bc*c'], 'abcc', true],
    [['a*bc*c'], 'abc', false],
    [['a.c'], 'abc', false],
  ])('with the list %j: %j is %s', (allowed, method, expected) => {
    expect(new MethodRules(allowed.length > 0 ? [allowed] : [], []).permits(method)).toBe(expected);
  });

  it('are in every list, and in none of those that are denied, in any case', () => {
    const rules = new MethodRules([['eth_*'], ['*_call', '*_send*']], ['eth_Send*']);
    expect(
      ['eth_call', 'net_call', 'eth_blockNumber', 'eth_sendX', 'eth_SENDX'].map((name) =>
        rules.permits(name),
      ),
    ).toEqual([true, false, false, false, false]);
    for (const odd of [' debug_x', 'debug_x\n', 'debug_x\0', '\u{feff}debug_x', 'DEBUG_X', 'debug_x'])
      expect(new MethodRules([], ['debug_*']).permits(odd)).toBe(false);
  });

  it('are found in no time, however hostile the name', () => {
    const rules = new MethodRules([[`${'*a'.repeat(60)}b`]], []);
    expect(rules.permits('a'.repeat(1_000_000))).toBe(false);
  });
});
