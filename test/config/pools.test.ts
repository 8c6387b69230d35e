// Settings of single pools: a setting's name with the pool's behind it, and `pools` in the JSON file.
import { describe, expect, it } from 'vitest';
import { configOf, LISTS, load, problemsOf, problemsWith } from './loading.ts';

const BASE = { RPC_URLS_BASE: 'https://base.example', FALLBACK_RPC_URLS_BASE: 'none' };

const poolsOf = (given: Parameters<typeof configOf>[0]) =>
  configOf(given).pools.map(({ name, upstreams }) => [name, ...upstreams.map((each) => each.name)]);

describe('a pool', () => {
  it('stands beside the one without a path', () => {
    expect(poolsOf({ env: { ...LISTS, ...BASE } })).toEqual([
      [undefined, 'one.example'],
      ['base', 'base.example'],
    ]);
  });

  it('may be the only one', () => {
    expect(poolsOf({ env: BASE })).toEqual([['base', 'base.example']]);
  });

  it('is called what its path says', () => {
    const env = { RPC_URLS_ARBITRUM_ONE: 'https://a', FALLBACK_RPC_URLS_ARBITRUM_ONE: 'https://b' };
    expect(poolsOf({ env })).toEqual([['arbitrum-one', 'a', 'b']]);
  });

  it('can be set up in the JSON file, without a fallback list', () => {
    const file = JSON.stringify({
      pools: {
        base: { servers: ['https://base.example'], strategy: 'round-robin' },
        Poly_gon: { servers: ['https://p'] },
      },
    });
    const given = { argv: ['--config=c.json'], files: { 'c.json': file } };
    expect(poolsOf(given)).toEqual([
      ['base', 'base.example'],
      ['poly-gon', 'p'],
    ]);
    expect(configOf(given).pools.map(({ strategy }) => strategy)).toEqual(['round-robin', 'shuffle']);
  });

  it('can be set up by flags, and by an env file', () => {
    const argv = ['--rpc-urls-base=https://base.example', '--fallback-rpc-urls-base', 'none'];
    expect(poolsOf({ argv })).toEqual([['base', 'base.example']]);
    expect(poolsOf({ argv: ['--backends-base=https://base.example'] })).toEqual([['base', 'base.example']]);
    const files = { '.env': 'RPC_URLS_BASE="https://base.example"\nFALLBACK_RPC_URLS_BASE=none\n' };
    expect(poolsOf({ files })).toEqual([['base', 'base.example']]);
  });

  it('has its list from the source that comes first', () => {
    const file = JSON.stringify({ pools: { base: { servers: ['https://json.example'], maxAttempts: 2 } } });
    const given = { argv: ['--config=c.json'], env: BASE, files: { 'c.json': file } };
    expect(poolsOf(given)).toEqual([['base', 'base.example']]);
    expect(configOf(given).pools[0]?.maxAttempts).toBe(2);
  });

  it('may have a URL that another one has, under another name', () => {
    const env = { ...LISTS, RPC_URLS_BASE: 'https://one.example', FALLBACK_RPC_URLS_BASE: 'none' };
    expect(poolsOf({ env })).toEqual([
      [undefined, 'one.example'],
      ['base', 'one.example-2'],
    ]);
  });
});

describe('a setting of one pool', () => {
  it('holds for that pool, and what is not its own for all', () => {
    const env = { ...LISTS, ...BASE, STRATEGY: 'round-robin', MAX_ATTEMPTS: '4', STRATEGY_BASE: 'peak-ewma' };
    const { pools, strategy } = configOf({ env });
    expect(strategy).toBe('round-robin');
    expect(pools.map((pool) => [pool.strategy, pool.maxAttempts])).toEqual([
      ['round-robin', 4],
      ['peak-ewma', 4],
    ]);
  });

  it('wins over that of all, wherever it stands', () => {
    const file = JSON.stringify({ pools: { base: { servers: ['https://b'], strategy: 'peak-ewma' } } });
    const argv = ['--config=c.json', '--strategy=round-robin'];
    expect(configOf({ argv, files: { 'c.json': file } }).pools[0]?.strategy).toBe('peak-ewma');
    expect(
      configOf({ argv: [...argv, '--strategy-base=shuffle'], files: { 'c.json': file } }).pools[0]?.strategy,
    ).toBe('shuffle');
  });

  it('is that of the longest setting: HEALTH_CHECK_INTERVAL, not HEALTH_CHECK', () => {
    const env = { ...LISTS, ...BASE, HEALTH_CHECK_INTERVAL_BASE: '5s', HEALTH_CHECK_BASE: 'http' };
    expect(configOf({ env }).pools[1]).toMatchObject({ healthCheckIntervalMs: 5_000, healthCheck: 'http' });
  });

  it('sets the pacing that fits its own time to live', () => {
    const env = { ...LISTS, ...BASE, ERROR_TIME_TO_LIVE_MINUTES_BASE: '5' };
    expect(configOf({ env }).pools.map(({ pacing }) => pacing)).toEqual(['auto', 'off']);
  });

  it('is the chain of that pool alone', () => {
    const env = { ...LISTS, ...BASE, HEALTH_CHECK: 'rpc', CHAIN_ID: '1', CHAIN_ID_BASE: '0x2105' };
    expect(configOf({ env }).pools.map(({ chainId }) => chainId)).toEqual(['1', '8453']);
    const { CHAIN_ID_BASE: _own, ...without } = env;
    expect(configOf({ env: without }).pools.map(({ chainId }) => chainId)).toEqual(['1', undefined]);
  });

  it('is told with its source', () => {
    const result = load({ env: { ...LISTS, ...BASE }, files: { '.env': 'STRATEGY_BASE=round-robin' } });
    expect(result.ok && result.sources.get('STRATEGY_BASE')).toBe('.env line 1');
  });
});

describe('problems of pools', () => {
  it.each([
    [
      { STRATEGY_BSAE: 'shuffle' },
      'STRATEGY_BSAE (environment): there is no pool bsae; did you mean base? allowed: base, another one that RPC_URLS_BSAE sets up',
    ],
    [
      { CHAIN_ID_OP: '10' },
      'CHAIN_ID_OP (environment): there is no pool op; allowed: base, another one that RPC_URLS_OP sets up',
    ],
    [
      { HEALTH_CHECK_INTERVALL: '5s' },
      'HEALTH_CHECK_INTERVALL (environment): there is no pool intervall; did you mean HEALTH_CHECK_INTERVAL? allowed: base, another one that RPC_URLS_INTERVALL sets up',
    ],
    [
      { HEALTH_CHECK_FUEL: 'rpc' },
      'HEALTH_CHECK_FUEL (environment): there is no pool fuel; allowed: base, another one that RPC_URLS_FUEL sets up',
    ],
    [
      { FALLBACK_RPC_URLS_BSAE: 'none' },
      'FALLBACK_RPC_URLS_BSAE (environment): there is no pool bsae; did you mean base? allowed: base, another one that RPC_URLS_BSAE sets up',
    ],
    [{ PORT_BASE: '80' }, 'PORT_BASE (environment): PORT is the same for all pools; allowed: PORT'],
    [
      { SLACK_WEBHOOK_URL_BASE: 'https://hooks.slack.example/KEY' },
      'SLACK_WEBHOOK_URL_BASE (environment): SLACK_WEBHOOK_URL is the same for all pools; allowed: SLACK_WEBHOOK_URL',
    ],
    [
      { STRATEGY_BASE: 'rond' },
      'STRATEGY_BASE (environment): "rond" is not allowed; allowed: shuffle, random, round-robin, weighted-round-robin, least-connections or peak-ewma',
    ],
    [
      { CHAIN_ID_BASE: '8453' },
      'CHAIN_ID_BASE (environment): "8453" needs HEALTH_CHECK=rpc: set that, or leave CHAIN_ID_BASE out',
    ],
    [
      { RPC_URLS_base: 'https://again' },
      'RPC_URLS_BASE (environment): it is set by environment as well; allowed: once',
    ],
  ])('%j', (more, problem) => {
    expect(problemsWith({ ...BASE, ...more })).toEqual([problem]);
  });

  it.each(['STATS', 'HEALTHZ', 'READYZ', 'DEFAULT', 'INTERVAL', 'WAIT', '_X', 'A__B'])(
    'the name %s',
    (name) => {
      const problems = problemsWith({
        [`RPC_URLS_${name}`]: 'https://x',
        [`FALLBACK_RPC_URLS_${name}`]: 'none',
      });
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('allowed: ');
    },
  );

  it('a name that makes a setting ambiguous', () => {
    const env = { ...BASE, RPC_URLS_INTERVAL_BASE: 'https://x', FALLBACK_RPC_URLS_INTERVAL_BASE: 'none' };
    expect(problemsWith(env)).toHaveLength(1);
    const { RPC_URLS_BASE: _list, FALLBACK_RPC_URLS_BASE: _other, ...alone } = env;
    expect(problemsWith(alone)).toEqual([]);
  });

  it('what is no name, and may be a key: it is not shown', () => {
    const file = JSON.stringify({
      servers: ['https://x'],
      pools: { 'k+ey/4f7Qx91Zk': { servers: ['https://x'], bogus: 1 }, 'chain-42161': 7 },
    });
    expect(problemsOf({ argv: ['--config=c.json'], files: { 'c.json': file } })).toEqual([
      expect.stringContaining('key "pools" of c.json: pool number 1 is no name of a pool; allowed: '),
      expect.stringContaining('key "pools" of c.json: pool "chain-42161" is no object'),
    ]);
  });

  it('two names with one path', () => {
    const file = JSON.stringify({
      pools: { a_b: { servers: ['https://x'] }, 'A-b': { servers: ['https://y'] } },
    });
    expect(problemsOf({ argv: ['--config=c.json'], files: { 'c.json': file } })[0]).toContain(
      'has the path /a-b of another one',
    );
  });

  it('no fallback list from the environment, and no primary list', () => {
    expect(problemsWith({ RPC_URLS_BASE: 'https://b' })).toEqual([
      expect.stringContaining('FALLBACK_RPC_URLS_BASE: not set; allowed: '),
    ]);
    const file = JSON.stringify({ pools: { base: { strategy: 'shuffle' } } });
    expect(problemsOf({ argv: ['--config=c.json'], files: { 'c.json': file } })).toEqual([
      expect.stringContaining('RPC_URLS_BASE: not set; allowed: '),
    ]);
  });

  it('a fallback list of the pool without a path, without primaries', () => {
    expect(problemsOf({ env: { ...BASE, FALLBACK_RPC_URLS: 'none' } })).toEqual([
      expect.stringContaining('RPC_URLS: not set; allowed: '),
    ]);
  });

  it('a chain of no pool', () => {
    expect(problemsOf({ env: { ...BASE, HEALTH_CHECK: 'rpc', CHAIN_ID: '1' } })).toEqual([
      'CHAIN_ID (environment): it is of no pool; allowed: CHAIN_ID_BASE for the pool base',
    ]);
  });

  it('a URL twice in one pool, a name twice in two, and two ceilings of one account', () => {
    const twice = { RPC_URLS_BASE: 'https://b, https://b', FALLBACK_RPC_URLS_BASE: 'none' };
    expect(problemsWith(twice)[0]).toContain('is the same URL as RPC_URLS_BASE (environment) entry 1');
    const named = { RPC_URLS: 'https://a name=x account=k rps=5', FALLBACK_RPC_URLS: 'none' };
    const other = { RPC_URLS_BASE: 'https://b name=x', FALLBACK_RPC_URLS_BASE: 'https://c account=k rps=6' };
    expect(problemsOf({ env: { ...named, ...other } })).toEqual([
      expect.stringContaining('has the name "x" as RPC_URLS (environment) entry 1 has'),
      expect.stringContaining('rps=6, and another upstream with account=k rps=5'),
    ]);
  });

  it('of the JSON file, with the place in it', () => {
    const file = (base: unknown) => ({ 'c.json': JSON.stringify({ pools: { base } }) });
    const problems = (base: unknown) => problemsOf({ argv: ['--config=c.json'], files: file(base) });
    expect(problems({ servers: ['https://b'], port: 80 })).toEqual([
      'PORT_BASE (key "pools.base.port" of c.json): PORT is the same for all pools; allowed: PORT',
    ]);
    expect(problems({ servers: ['https://b'], stratgy: 'shuffle' })[0]).toContain(
      'key "pools.base.stratgy" of c.json: unknown key',
    );
    expect(problems('https://b')[0]).toContain('pool "base" is no object');
    expect(
      problemsOf({ argv: ['--config=c.json'], files: { 'c.json': '{"servers":["http://a"],"pools":[]}' } }),
    ).toEqual(['key "pools" of c.json: it is no object; allowed: {"base": {"servers": […], …}, …}']);
  });

  it('of a flag', () => {
    expect(
      problemsOf({ argv: ['--backends=http://a', '--backends-base=http://b', '--strategy-bsae=shuffle'] }),
    ).toEqual([
      'STRATEGY_BSAE (flag --strategy-bsae): there is no pool bsae; did you mean base? allowed: base, another one that RPC_URLS_BSAE sets up',
    ]);
    expect(problemsOf({ argv: ['--backends=http://a', '--health-check-intervall=5s'] })).toEqual([
      expect.stringContaining('--health-check-intervall: unknown flag'),
    ]);
    expect(
      problemsOf({ argv: ['--backends=http://a', '--backends-base=http://b', '--strategy-base'] }),
    ).toEqual([expect.stringContaining('STRATEGY_BASE (flag --strategy-base): it has no value')]);
  });

  it('show no secret', () => {
    const env = {
      RPC_URLS_BASE: 'https://b/v2/SECRETKEY weigth=2',
      FALLBACK_RPC_URLS_BASE: 'https://x y/SECRETKEY',
    };
    expect(problemsWith(env).join()).not.toContain('SECRET');
  });
});

describe('what is none of our business', () => {
  it('is left alone: variables of other programs, and of Kubernetes', () => {
    const others = { HOST_NAME: 'x', PORT_8545: '1', ENV_FILE: 'y', LOG_LEVEL_DB: 'z', MAX_BODY_X: '1' };
    expect(problemsWith({ ...BASE, ...others })).toEqual([]);
    const kubernetes = {
      STRATEGY_SERVICE_HOST: '10.0.0.1',
      STRATEGY_SERVICE_PORT_HTTP: '80',
      STRATEGY_PORT: 'tcp://10.0.0.1:80',
      RPC_URLS_PORT_80_TCP: 'tcp://10.0.0.1:80',
      RPC_URLS_SERVICE_HOST: '10.0.0.1',
    };
    expect(problemsWith({ ...BASE, ...kubernetes })).toEqual([]);
  });

  it('counts as not set when it is empty', () => {
    expect(poolsOf({ env: { ...LISTS, RPC_URLS_BASE: '', FALLBACK_RPC_URLS_BASE: '' } })).toHaveLength(1);
  });
});
