// What --check advises, from what was found.
import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../src/commands/check/advice/index.ts';
import { providerOf } from '../../src/commands/check/advice/providers.ts';
import { agreementOn, blockToCompare } from '../../src/commands/check/agreement.ts';
import { known, notTried } from '../../src/commands/check/finding.ts';
import type { Examined, FoundPool, FoundUpstream } from '../../src/commands/check/found.ts';
import { Upstream, type UpstreamSpec } from '../../src/upstreams/upstream.ts';
import { configOf } from '../config/loading.ts';

const [settings] = configOf({ argv: ['--backends=http://a.example'] }).pools;

const NOTHING: Examined = {
  server: { kind: 'ethereum' },
  chainId: '1',
  blockHeight: 1_000,
  connectMs: 1,
  latencyMs: 1,
  tlsDaysLeft: undefined,
  clockAheadMs: undefined,
  clientVersion: notTried(''),
  blockHash: notTried(''),
  archive: notTried(''),
  logsRange: notTried(''),
  batch: notTried(''),
  webSocket: notTried(''),
  questions: 1,
  isCutShort: false,
};

function upstream(
  url: string,
  examined: Partial<Examined> = {},
  spec: Partial<UpstreamSpec> = {},
): FoundUpstream {
  const all = { url: new URL(url), name: new URL(url).host, tier: 'primary', weight: 1, ...spec } as const;
  return {
    upstream: new Upstream(all, 1_000),
    isUp: true,
    problem: undefined,
    isLimited: false,
    ms: 1,
    examined: { ...NOTHING, ...examined },
    lag: 0,
  };
}

function advice(upstreams: readonly FoundUpstream[], pool: Partial<FoundPool> = {}) {
  if (!settings) throw new Error('there is no pool');
  const all: FoundPool = {
    settings,
    name: 'default',
    probe: 'tcp',
    upstreams,
    undecided: undefined,
    chainId: '1',
    agreement: { kind: 'unknown' },
    ...pool,
  };
  return adviceOn({ pools: [all], nearMisses: [] });
}

/** The texts of one kind. */
function texts(code: string, upstreams: readonly FoundUpstream[], pool: Partial<FoundPool> = {}): string[] {
  return advice(upstreams, pool).flatMap((each) => (each.code === code ? [each.text] : []));
}

const spare = upstream('https://spare.example', {}, { tier: 'fallback' });

describe('the provider of a host', () => {
  it.each([
    ['eth-mainnet.g.alchemy.com', 'alchemy.com'],
    ['Mainnet.Infura.IO.', 'infura.io'],
    ['rpc.node.co.uk', 'node.co.uk'],
    ['a.b.de', 'b.de'],
    ['10.0.0.1', undefined],
    ['::1', undefined],
    ['localhost', undefined],
    ['geth', undefined],
    ['geth.eth.svc.cluster.local', undefined],
    ['node.home.arpa', undefined],
  ])('%s is %s', (host, provider) => expect(providerOf(host)).toBe(provider));
});

it('names the CHAIN_ID of the pool whose upstreams are on different chains', () => {
  if (!settings) throw new Error('there is no pool');
  const two = [upstream('https://a.example'), upstream('https://b.example', { chainId: '5' })];
  const different = (pool: Partial<FoundPool>) => texts('other-chain', two, { ...pool, chainId: undefined });
  expect(different({})).toEqual(['They are on different chains: 1, 5. Set CHAIN_ID.']);
  const named = { name: 'base', settings: { ...settings, name: 'base' } };
  expect(different(named)).toEqual(['They are on different chains: 1, 5. Set CHAIN_ID_BASE.']);
});

describe('two URLs of one provider', () => {
  const [a, b] = ['https://eth.g.alchemy.com/v2/KEY', 'https://base.g.alchemy.com/v2/KEY'];

  it('may share a plan', () => {
    expect(texts('shared-provider', [upstream(a), upstream(b), spare])).toEqual([
      'eth.g.alchemy.com and base.g.alchemy.com are URLs of one provider (alchemy.com): if they share a plan, give each account=NAME, since it counts their calls together.',
    ]);
  });

  it('with accounts have been thought of', () => {
    const account = { account: 'x' };
    const both = [upstream(a, {}, account), upstream(b, {}, { account: 'y' }), spare];
    expect(texts('shared-provider', both)).toEqual([]);
    expect(texts('shared-provider', [upstream(a, {}, account), upstream(b), spare])).toHaveLength(1);
  });

  it('are one provider’s alone', () => {
    expect(texts('one-provider', [upstream(a), upstream(b)])).toEqual([
      'All upstreams are alchemy.com’s: when it fails, all do.',
    ]);
    expect(texts('one-provider', [upstream(a), upstream(b), spare])).toEqual([]);
  });
});

describe('http://', () => {
  it.each([
    ['http://eth.example.com', 1],
    ['http://8.8.8.8', 1],
    ['https://eth.example.com', 0],
    ['http://10.1.2.3', 0],
    ['http://172.20.0.3:8545', 0],
    ['http://192.168.1.1', 0],
    ['http://127.0.0.1', 0],
    ['http://[::1]', 0],
    ['http://[fd00::1]', 0],
    ['http://geth:8545', 0],
    ['http://geth.internal', 0],
  ])('to %s: %i', (url, count) => expect(texts('clear-text', [upstream(url), spare])).toHaveLength(count));
});

describe('a clock', () => {
  const off = (url: string, seconds: number) => upstream(url, { clockAheadMs: seconds * 1_000 });

  it('is this machine’s when all others differ from it', () => {
    expect(texts('clock', [off('https://a.example', 95), off('https://b.example', 96)])[0]).toMatch(
      /^This machine’s clock seems to be wrong: it differs by 95 s from that of a.example and b.example\./,
    );
  });

  it('is that of the one that differs', () => {
    expect(texts('clock', [off('https://a.example', -45), off('https://b.example', 1)])).toEqual([
      'The clock of a.example (45 s) and of this machine differ.',
    ]);
    expect(texts('clock', [off('https://a.example', 20)])).toEqual([]);
  });
});

describe('a certificate', () => {
  it.each([
    [13, 'The certificate of a.example ends in 13 days.'],
    [1, 'The certificate of a.example ends in 1 day.'],
    [-1, 'The certificate of a.example has expired.'],
    [14, undefined],
  ])('of %i days', (tlsDaysLeft, text) => {
    expect(texts('certificate-ends', [upstream('https://a.example', { tlsDaysLeft })])[0]).toBe(text);
  });
});

describe('the probe', () => {
  it('could be rpc where all are Ethereum nodes', () => {
    const web = upstream('https://web.example', {
      server: { kind: 'http', status: 200, software: undefined },
    });
    expect(texts('probe', [upstream('https://a.example'), spare])).toHaveLength(1);
    expect(texts('probe', [upstream('https://a.example'), web])).toEqual([]);
    expect(texts('no-json-rpc', [upstream('https://a.example'), web])).toEqual([
      'web.example answers no JSON-RPC at its URL (HTTP 200): are path and key right?',
    ]);
    expect(texts('no-json-rpc', [web])).toEqual([]);
  });
});

describe('spares', () => {
  it('are missed', () => {
    expect(texts('one-upstream', [upstream('https://a.example')])).toHaveLength(1);
    expect(texts('no-fallback', [upstream('https://a.example'), upstream('https://b.test')])).toHaveLength(1);
    expect(texts('no-fallback', [upstream('https://a.example'), spare])).toEqual([]);
  });
});

it('tells of upstreams that were not examined to the end', () => {
  const many = Array.from({ length: 7 }, (_, at) => upstream(`https://c${at}.example`, { isCutShort: true }));
  expect(texts('not-examined', [spare, ...many])).toEqual([
    'c0.example, c1.example, c2.example, c3.example, c4.example and 2 others were not examined to the end: the check gives all of them together 20 seconds.',
  ]);
  expect(texts('not-examined', [spare])).toEqual([]);
});

describe('limits', () => {
  it('are told once for all that have the same', () => {
    const limited = (url: string) => upstream(url, { logsRange: known({ least: 10, most: 10 }) });
    const none = upstream('https://c.example', { logsRange: known({ least: 0, most: 0 }) });
    expect(texts('logs-range', [limited('https://a.example'), limited('https://b.example'), none])).toEqual([
      'a.example and b.example take at most 10 blocks of logs (a free tier?): calls for more go to the others, or in pieces.',
      'c.example takes no eth_getLogs: such calls go to the others.',
    ]);
  });

  it('name a few of many', () => {
    const many = Array.from({ length: 30 }, (_, at) =>
      upstream(`https://n${at}.example`, { batch: known({ least: 0, most: 0 }) }),
    );
    expect(texts('batch-refused', many)[0]).toMatch(
      /^n0.example, n1.example, n2.example, n3.example, n4.example and 25 others take no batches/,
    );
  });
});

describe('a chain that no upstream has told', () => {
  const limited = (url: string) => ({ ...upstream(url, { chainId: undefined }), isLimited: true });
  const [a, b] = [limited('https://a.example'), limited('https://b.example')];
  const of = (those: FoundUpstream[], probe = 'rpc') => texts('chain-unknown', those, { probe });

  it('is told where all that are up were rate-limited', () => {
    expect(of([a])).toEqual([
      'Nothing could be checked, since a.example was rate-limited: the chain is not known. Try again later.',
    ]);
    expect(of([a, b, { ...spare, isUp: false }])[0]).toMatch(
      /since a.example and b.example were rate-limited/,
    );
  });

  it('is not where one has answered, or has told its chain, or none is asked for it', () => {
    expect(of([a, spare])).toEqual([]);
    expect(of([{ ...upstream('https://a.example'), isLimited: true }])).toEqual([]);
    expect(of([{ ...spare, isUp: false }])).toEqual([]);
    expect(of([a], 'http')).toEqual([]);
  });
});

describe('a block’s hash', () => {
  const vote = (name: string, hash: string) => ({ name, hash });

  it('is that of the majority', () => {
    expect(agreementOn(5, [vote('a', '0x1'), vote('b', '0x2'), vote('c', '0x1')])).toEqual({
      kind: 'decided',
      block: 5,
      hash: '0x1',
      votes: 2,
      others: [vote('b', '0x2')],
    });
    expect(agreementOn(5, [vote('a', '0x1'), vote('b', '0x2')]).kind).toBe('undecided');
    expect(agreementOn(5, [vote('a', '0x1')]).kind).toBe('unknown');
    expect(agreementOn(undefined, []).kind).toBe('unknown');
  });

  it('is compared 32 blocks below the lowest of those that keep up', () => {
    expect(blockToCompare([2_000, 1_990, 3])).toBe(1_958);
    expect(blockToCompare([10, 9])).toBe(0);
    expect(blockToCompare([2_000, 3])).toBeUndefined();
    expect(blockToCompare([])).toBeUndefined();
  });
});
