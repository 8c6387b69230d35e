import { describe, expect, it } from 'vitest';
import { CALL_KINDS } from '../../src/events.ts';
import { BATCH_KEY, HTTP_KEY, kindOfKey, LATENCY_KEYS, latencyKeyOf } from '../../src/rpc/method-kinds.ts';

const kindOf = (method: string | undefined) => CALL_KINDS[kindOfKey(latencyKeyOf(method))];

describe('the kind of a call', () => {
  it.each([
    ['eth_blockNumber', 'state'],
    ['eth_getBalance', 'reads'],
    ['eth_call', 'calls'],
    ['eth_getLogs', 'logs'],
    ['debug_traceTransaction', 'traces'],
    ['debug_storageRangeAt', 'traces'],
    ['trace_replayTransaction', 'traces'],
    ['eth_sendRawTransaction', 'transactions'],
    ['sendTransaction', 'transactions'],
    ['made_up', 'other'],
    [undefined, 'other'],
  ] as const)('of %s is %s', (method, kind) => {
    expect(kindOf(method)).toBe(kind);
  });

  it('of batches and of all that is no JSON-RPC has a key, too', () => {
    expect([BATCH_KEY, HTTP_KEY].map((key) => CALL_KINDS[kindOfKey(key)])).toEqual(['batches', 'http']);
  });
});

describe('keys', () => {
  it('are different for well-known methods', () => {
    const keys = ['eth_call', 'eth_estimateGas', 'eth_getLogs', 'eth_getCode'].map(latencyKeyOf);
    expect(new Set(keys).size).toBe(4);
  });

  it('are a closed set, whatever clients send', () => {
    const names = ['', 'x'.repeat(1e6), ...Array.from({ length: 10_000 }, (_, index) => `eth_odd${index}`)];
    const keys = new Set(names.map(latencyKeyOf));
    expect(keys.size).toBe(1);
    for (const key of keys) expect(key).toBeLessThan(LATENCY_KEYS);
  });
});
