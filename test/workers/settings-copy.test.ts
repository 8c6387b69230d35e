import { deserialize, serialize } from 'node:v8';
import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { configOf, copyOf, shareOf } from '../../src/workers/settings-copy.ts';
import { Authority, pairFiles } from '../support/certificates.ts';

function load(env: Readonly<Record<string, string>>) {
  const loaded = loadConfig({ argv: [], env, cwd: '/', isTerminal: false });
  if (!loaded.ok) throw new Error(loaded.problems.join('\n'));
  return loaded.config;
}

const authority = new Authority();
const { certFile, keyFile } = pairFiles(authority.certify(['localhost']));

const config = load({
  RPC_URLS: `https://user:pass@one.example/v2/KEY?a=b name=one weight=3 ca=${certFile} header=X-Key:abc, http://two.example rps=5`,
  FALLBACK_RPC_URLS: 'http://three.example host=keep account=x',
  RPC_URLS_BASE: 'https://four.example insecure=true',
  FALLBACK_RPC_URLS_BASE: 'none',
  STRATEGY_BASE: 'round-robin',
  MAX_QUEUE_BASE: '10',
  TRUST_PROXY: 'private',
  API_KEYS: 'alice:0123456789abcdef rps=5 methods=eth_*',
  DENY_METHODS: 'debug_*',
  RETRY_STATUS: '500-510',
  SLACK_WEBHOOK_URL: 'https://hooks.example/x',
  HTTPS_PROXY: 'http://proxy.example:3128',
  TLS_CERT_FILE: certFile,
  TLS_KEY_FILE: keyFile,
});

it('settings that were sent to another process are the same there', () => {
  const restored = configOf(deserialize(serialize(copyOf(config))));
  expect(restored).toEqual(config);
  expect(restored.upstreams[0]?.url).toBeInstanceOf(URL);
  // What stands at two places is one thing.
  expect(restored.pools[0]?.upstreams[0]).toBe(restored.upstreams[0]);
  expect(Object.isFrozen(restored.pools[0]?.upstreams[0])).toBe(true);
});

it('limits that are sums are divided, and nobody gets nothing', () => {
  const { maxConnections, maxBufferedBytes, maxQueue, pools, ...others } = shareOf(config, 4);
  expect({ maxConnections, maxBufferedBytes, maxQueue }).toEqual({
    ...{ maxConnections: 2_500, maxBufferedBytes: 64 * 1_024 ** 2, maxQueue: 250 },
  });
  expect(pools.map((pool) => pool.maxQueue)).toEqual([250, 3]);
  expect(config).toMatchObject(others);
  expect(
    shareOf(load({ RPC_URLS: 'http://a', FALLBACK_RPC_URLS: 'none', MAX_CONNECTIONS: '1' }), 4),
  ).toMatchObject({
    maxConnections: 1,
  });
});
