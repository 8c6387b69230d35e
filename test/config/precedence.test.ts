import { describe, expect, it } from 'vitest';
import { configOf, type Given, LISTS, load, problemsOf } from './loading.ts';

const EVERYWHERE = {
  argv: ['--port=1', '--config=settings.json'],
  env: { ...LISTS, PORT: '2' },
  files: { '.env': 'PORT=3', 'settings.json': '{"port": 4}' },
} as const;

describe('precedence', () => {
  it.each<[string, number, Given]>([
    ['the command line', 1, EVERYWHERE],
    ['then the environment', 2, { ...EVERYWHERE, argv: ['--config=settings.json'] }],
    ['then .env', 3, { ...EVERYWHERE, argv: ['--config=settings.json'], env: LISTS }],
    [
      'then the JSON file',
      4,
      { argv: ['--config=settings.json'], env: LISTS, files: { 'settings.json': '{"port": 4}' } },
    ],
    ['then the default', 8080, { env: LISTS }],
  ])('%s', (_place, port, given) => {
    expect(configOf(given).port).toBe(port);
  });

  it('is kept for each setting by itself', () => {
    const config = configOf({ ...EVERYWHERE, argv: ['--host=::1', '--config=settings.json'] });
    expect(config).toMatchObject({ host: '::1', port: 2 });
  });

  it('lets an empty value of the environment count as not set', () => {
    expect(configOf({ ...EVERYWHERE, argv: [], env: { ...LISTS, PORT: ' ' } }).port).toBe(3);
    expect(configOf({ env: { ...LISTS, PORT: '' }, files: { '.env': 'PORT=' } }).port).toBe(8080);
  });

  it('looks only at the value that wins', () => {
    expect(configOf({ argv: ['--port=1'], env: { ...LISTS, PORT: 'wrong' } }).port).toBe(1);
  });

  it('is told by the sources', () => {
    const result = load({
      ...EVERYWHERE,
      argv: ['--port=1', '--env-file=.env'],
      files: { '.env': '\nHOST=::1\n' },
    });
    if (!result.ok) throw new Error(result.problems.join('\n'));
    expect([...result.sources]).toEqual(
      expect.arrayContaining([
        ['PORT', 'flag --port'],
        ['RPC_URLS', 'environment'],
        ['HOST', '.env line 2'],
        ['STRATEGY', 'default'],
      ]),
    );
  });
});

describe('the two lists', () => {
  it('are both required', () => {
    expect(problemsOf({})).toEqual([
      expect.stringMatching(/^RPC_URLS: not set; allowed: .*--backends/),
      expect.stringMatching(/^FALLBACK_RPC_URLS: not set; allowed: .*none/),
      expect.stringMatching(/^there is no \.env in \/\S+ \(cp \.env\.example \.env\)$/),
    ]);
  });

  it.each<[string, Given]>([
    ['.env is there', { files: { '.env': 'PORT=1' } }],
    ['another file is named', { argv: ['--env-file=e'], files: { e: '' } }],
    ['a JSON file is named', { argv: ['--config=c'], files: { c: '{}' } }],
    ['upstreams are set', { env: { RPC_URLS: 'http://a' } }],
    ['a pool is', { env: { RPC_URLS_BASE: 'http://a' } }],
  ])('are not missing for want of an .env when %s', (_why, given) => {
    const problems = problemsOf(given);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.filter((problem) => problem.startsWith('there is no .env'))).toEqual([]);
  });

  it.each<[string, Given]>([
    ['the environment', { env: { RPC_URLS: 'http://a' } }],
    ['the environment, under the other name', { env: { RPCs: 'http://a' } }],
    ['.env', { files: { '.env': 'RPC_URLS=http://a' } }],
    ['--rpc-urls', { argv: ['--rpc-urls=http://a'] }],
  ])('need a fallback when the primaries come from %s', (_place, given) => {
    expect(problemsOf(given)).toEqual([expect.stringMatching(/^FALLBACK_RPC_URLS: not set/)]);
  });

  it('go without a fallback for an empty FALLBACK_RPC_URLS as little as for none', () => {
    expect(problemsOf({ env: { RPC_URLS: 'http://a', FALLBACK_RPC_URLS: '' } })).toHaveLength(1);
  });

  it.each<[string, Given]>([
    ['--backends', { argv: ['--backends=http://a'] }],
    ['servers', { argv: ['--config=c'], files: { c: '{"servers": ["http://a"]}' } }],
    ['rpcUrls in the JSON file', { argv: ['--config=c'], files: { c: '{"rpcUrls": "http://a"}' } }],
    ['the environment, with the word none', { env: { RPC_URLS: 'http://a', FALLBACK_RPC_URLS: 'None' } }],
    [
      'the environment, with none in JSON',
      { argv: ['--config=c'], env: { RPC_URLS: 'http://a' }, files: { c: '{"fallbackServers": []}' } },
    ],
  ])('need no fallback from %s', (_place, given) => {
    expect(configOf(given).upstreams.map((upstream) => [upstream.name, upstream.tier])).toEqual([
      ['a', 'primary'],
    ]);
  });

  it('take --backends in place of RPC_URLS and keep the fallback', () => {
    const { upstreams } = configOf({
      argv: ['--backends', 'http://a, http://b'],
      env: { RPC_URLS: 'http://c', FALLBACK_RPC_URLS: 'http://d' },
    });
    expect(upstreams.map(({ name, tier }) => `${name} ${tier}`)).toEqual([
      'a primary',
      'b primary',
      'd fallback',
    ]);
  });

  it('have the other names RPCs and FALLBACK_RPCs', () => {
    const { upstreams } = configOf({
      env: { RPCs: 'http://a' },
      files: { '.env': 'FALLBACK_RPCs=http://b' },
    });
    expect(upstreams.map(({ name, tier }) => `${name} ${tier}`)).toEqual(['a primary', 'b fallback']);
  });

  it('can not be given under both names in one place', () => {
    expect(problemsOf({ env: { ...LISTS, RPCs: 'http://a' } })).toEqual([
      'RPC_URLS (RPCs, environment): it is set by environment as well; allowed: once',
    ]);
    expect(problemsOf({ argv: ['--backends=http://a', '--rpc-urls=http://b'], env: LISTS })).toEqual([
      'RPC_URLS (flag --rpc-urls): it is set by flag --backends as well; allowed: once',
    ]);
  });
});
