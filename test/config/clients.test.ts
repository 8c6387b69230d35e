import { describe, expect, it } from 'vitest';
import { maskedSettings, secretsOfConfig } from '../../src/config/masked-settings.ts';
import { createMask } from '../../src/log.ts';
import { configOf, configWith, LISTS, load, problemsWith } from './loading.ts';

const ALICE = { name: 'alice', key: 'aliceKey1', rps: undefined, methods: undefined };
const BOB = { name: 'bob', key: 'bobKey2', rps: undefined, methods: undefined };

describe('API_KEYS', () => {
  it.each([
    ['alice:aliceKey1', [ALICE]],
    ['alice:aliceKey1,bob:bobKey2', [ALICE, BOB]],
    [' alice:aliceKey1 ,\n bob:bobKey2 , ', [ALICE, BOB]],
    [
      'alice:aliceKey1 rps=50, bob:bobKey2 methods=eth_*',
      [
        { ...ALICE, rps: 50 },
        { ...BOB, methods: ['eth_*'] },
      ],
    ],
    [
      'alice:aliceKey1 methods=eth_*,net_version rps=5',
      [{ ...ALICE, rps: 5, methods: ['eth_*', 'net_version'] }],
    ],
    ['alice:aliceKey1 methods=eth_*,bob:bobKey2', [{ ...ALICE, methods: ['eth_*'] }, BOB]],
    ['alice:aliceKey1 methods=a methods=b,c', [{ ...ALICE, methods: ['a', 'b', 'c'] }]],
    ['a.b-c_1:~x+Y=.-_', [{ ...ALICE, name: 'a.b-c_1', key: '~x+Y=.-_' }]],
    ['alice:a:!$&()*;@z,bob:bobKey2', [{ ...ALICE, key: 'a:!$&()*;@z' }, BOB]],
  ])('%j is read', (text, expected) => {
    expect(configWith({ API_KEYS: text }).apiKeys).toEqual(expected);
  });

  it('may be a list in the JSON file', () => {
    const json = { servers: ['http://a'], apiKeys: ['alice:aliceKey1 methods=eth_*,net_*', 'bob:bobKey2'] };
    const config = configOf({ argv: ['--config=c.json'], files: { 'c.json': JSON.stringify(json) } });
    expect(config.apiKeys).toEqual([{ ...ALICE, methods: ['eth_*', 'net_*'] }, BOB]);
  });

  it('shows no key in a problem', () => {
    for (const text of [
      'alice:secretKey1, secretKey2',
      'secretKey1:secretKey1,secretKey3',
      'a:secretKey1 secretKey2',
    ])
      expect(problemsWith({ API_KEYS: text }).join()).not.toMatch(/secretKey/);
    expect(problemsWith({ API_KEYS: 'alice:secretKey1, secretKey2, carl:' })).toEqual([
      expect.stringMatching(
        /\*\*\* entry 2 has no colon between name and key .*; entry 3 has a key .*; allowed: /,
      ),
    ]);
  });

  it('is shown without keys, and they are hidden in the log', () => {
    const config = configWith({ API_KEYS: 'alice:aliceKey1 rps=5 methods=eth_*,net_*, bob:bob+Key2' });
    const shown = maskedSettings(config, new Map()).find(([name]) => name === 'API_KEYS');
    expect(shown?.[1]).toBe('alice:*** rps=5 methods=eth_*,net_*, bob:***');
    expect(createMask(secretsOfConfig(config))('aliceKey1 bob+Key2 bob%2BKey2')).toBe('*** *** ***');
  });

  it('may not be the path of a pool', () => {
    const pool = { RPC_URLS_MY_POOL: 'https://two.example', FALLBACK_RPC_URLS_MY_POOL: 'none' };
    expect(problemsWith({ ...pool, API_KEYS: 'alice:aliceKey1, bob:my-pool' })).toEqual([
      'API_KEYS (environment): *** the key of bob is the path of a pool; allowed: another key',
    ]);
  });

  it('warns of short keys, not by what may be one', () => {
    const result = load({ env: { ...LISTS, API_KEYS: `alice:aliceKey1, bob:${'x'.repeat(16)}` } });
    expect(result.ok && result.warnings).toEqual([
      'API_KEYS: keys with fewer than 16 characters can be guessed: entry 1',
    ]);
  });
});

describe('the other settings of clients', () => {
  it('are not set by default', () => {
    const { apiKeys, clientRps, allowMethods, denyMethods, corsOrigins } = configWith({});
    expect([apiKeys, clientRps, allowMethods, denyMethods, corsOrigins]).toEqual(Array(5).fill(undefined));
  });

  it('are read from text and from lists', () => {
    const json = {
      servers: ['http://a'],
      clientRps: 30,
      allowMethods: ['eth_*', 'net_version'],
      denyMethods: 'a, b',
    };
    const config = configOf({ argv: ['--config=c.json'], files: { 'c.json': JSON.stringify(json) } });
    expect(config).toMatchObject({
      clientRps: 30,
      allowMethods: ['eth_*', 'net_version'],
      denyMethods: ['a', 'b'],
    });
  });

  it('write origins as browsers do', () => {
    const origins = 'https://App.example:443/, http://localhost:3000, chrome-extension://AbC/, *';
    expect(configWith({ CORS_ORIGINS: origins }).corsOrigins).toEqual([
      'https://app.example',
      'http://localhost:3000',
      'chrome-extension://abc',
      '*',
    ]);
  });
});
