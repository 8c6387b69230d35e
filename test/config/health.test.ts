import { describe, expect, it } from 'vitest';
import { configWith, LISTS, load, problemsOf, problemsWith } from './loading.ts';

const RPC = { HEALTH_CHECK: 'rpc' };

describe('CHAIN_ID', () => {
  it.each([
    ['1', '1'],
    ['0x1', '1'],
    ['0X89', '137'],
    ['0137', '137'],
    [' 11155111 ', '11155111'],
    [`0x${'f'.repeat(64)}`, String(2n ** 256n - 1n)],
  ])('%s is taken for %s', (written, chainId) => {
    expect(configWith({ ...RPC, CHAIN_ID: written }).chainId).toBe(chainId);
  });
});

describe('what only some checks can see', () => {
  it.each([
    [
      { CHAIN_ID: '1' },
      'CHAIN_ID (environment): "1" needs HEALTH_CHECK=rpc: set that, or leave CHAIN_ID out',
    ],
    [
      { MAX_BLOCK_LAG: '5', HEALTH_CHECK: 'http' },
      'MAX_BLOCK_LAG (environment): "5" needs HEALTH_CHECK=rpc: set that, or leave MAX_BLOCK_LAG out',
    ],
    [
      { REMOVE_UNHEALTHY_AFTER: '10m', HEALTH_CHECK: 'off' },
      'REMOVE_UNHEALTHY_AFTER (environment): "10m" needs a HEALTH_CHECK other than off: set that, or leave REMOVE_UNHEALTHY_AFTER out',
    ],
  ])('%j is a problem where they are not made', (env, problem) => {
    expect(problemsWith(env)).toEqual([problem]);
  });

  it.each([
    { ...RPC, CHAIN_ID: '1', MAX_BLOCK_LAG: '5', REMOVE_UNHEALTHY_AFTER: '10m' },
    { HEALTH_CHECK: 'tcp', REMOVE_UNHEALTHY_AFTER: '10m' },
    { HEALTH_CHECK: 'off', REMOVE_UNHEALTHY_AFTER: 'off', MAX_BLOCK_LAG: '10', CHAIN_ID: '' },
  ])('%j is none', (env) => {
    expect(problemsWith(env)).toEqual([]);
  });

  it('is no second problem of a wrong value', () => {
    expect(problemsWith({ CHAIN_ID: 'mainnet' })).toHaveLength(1);
    expect(problemsWith({ HEALTH_CHECK: 'icmp', CHAIN_ID: '1' })).toHaveLength(1);
  });

  it('is no concern of the health check of a running daemon, which may know more', () => {
    const result = load({ argv: ['--healthcheck'], env: { ...LISTS, CHAIN_ID: '1' } });
    expect(result).toMatchObject({ ok: true, command: 'healthcheck' });
  });

  it('may come from the JSON file as numbers', () => {
    const files = { 'c.json': '{"healthCheck": "tcp", "chainId": 1, "maxBlockLag": 10}' };
    expect(problemsOf({ argv: ['--config=c.json'], env: LISTS, files })).toEqual([
      'CHAIN_ID (key "chainId" of c.json): "1" needs HEALTH_CHECK=rpc: set that, or leave CHAIN_ID out',
    ]);
  });
});
