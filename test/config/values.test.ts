import { describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { SETTINGS } from '../../src/config/table/settings.ts';
import { configOf, configWith, LISTS, problemsWith } from './loading.ts';

/** What must be refused, by setting. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  RPC_URLS: [',', 'none', 'eth.example', 'ftp://eth.example', 'https://eth.example/#x'],
  FALLBACK_RPC_URLS: [' , ', 'none, https://two.example', 'no', 'https://'],
  STRATEGY: ['fastest', 'shuffle,random'],
  STICKY: ['on', 'ip', 'key,address'],
  ERROR_TIME_TO_LIVE_MINUTES: ['0', '-1', 'never', '5m', '1e3', '40000', '0.0'],
  PORT: ['65536', '-1', '80a', '8080.5', '127.0.0.1:8080', '::80'],
  HOST: ['999.1.1.1', 'two words', 'http://eth.example', 'a..b', '-a', '0.0.0.0:80', '[::1', '[eth.example]'],
  ADMIN_PORT: ['65536', '-1', 'on', 'none', '8080'],
  ADMIN_HOST: ['999.1.1.1', 'two words', '0.0.0.0', '::', '10.0.0.1', 'localhost.eth.example', '128.0.0.1'],
  ADMIN_TOKEN: ['two words', 'ünicode', 'two\nlines', 'x'.repeat(1_025)],
  PERSIST_SERVERS: ['two\nlines', 'no-such-folder/lists.json', '/', 'x'.repeat(5_000)],
  REQUEST_TIMEOUT: ['30', '0s', '25h', '30 s', '-1s', 'soon', '0.1ms'],
  CLIENT_HEADER_TIMEOUT: ['15', '0ms'],
  CLIENT_BODY_TIMEOUT: ['30', '0ms'],
  CLIENT_KEEP_ALIVE: ['75', '0ms'],
  MAX_HEADER_SIZE: ['32', '0kb', '32kib', '2mb'],
  MAX_URL: ['8192', '0b', '2mb'],
  MAX_CONNECTIONS: ['0', '1.5', 'many', '1000001'],
  WORKERS: ['0', '257', '1.5', 'all'],
  TUNNEL_IDLE_TIMEOUT: ['1', '0s', '25h'],
  ATTEMPT_TIMEOUT: ['10', '0s'],
  STREAM_IDLE_TIMEOUT: ['60', '0s'],
  CONNECT_TIMEOUT: ['2', '0s'],
  MAX_ATTEMPTS: ['0', '-1', 'none', '1.5'],
  RETRY_STATUS: [
    '200',
    '600',
    '500;502',
    '500,',
    '5xx',
    '304',
    '504-502',
    '599-600',
    '302-404',
    '502-',
    '500-503-504',
    '5000',
  ],
  PACING: ['on', 'learnt'],
  MAX_QUEUE_WAIT: ['1', '-1s', '25h'],
  MAX_QUEUE: ['-1', '1.5', 'all', '1000001'],
  HEDGE: ['500', '0s', 'on', '25h'],
  AVOID_SLOW: ['yes', 'auto'],
  MAX_BODY: ['50', '0mb', '5000gb'],
  MAX_REPLAY_BODY: ['1', '0mb', '51mb', '2gb'],
  MAX_BATCH: ['0', '1k'],
  MAX_BUFFERED: ['256', '0mb', 'all'],
  HEALTH_CHECK: ['on', 'icmp'],
  HEALTH_CHECK_INTERVAL: ['20', '0s'],
  HEALTH_CHECK_TIMEOUT: ['2', '0s'],
  HEALTH_CHECK_PATH: ['health', '/a b', '/a#b', '/a/../b', '/%2E%2e', '/ä'],
  HEALTH_CHECK_RISE: ['0', '101'],
  HEALTH_CHECK_FALL: ['0', '101'],
  CHAIN_ID: ['0', '0x0', '-1', 'mainnet', '0x', '1.5', '1e3', '0xg', '1'.repeat(78)],
  MAX_BLOCK_LAG: ['-1', '1.5', 'many', '10 blocks'],
  REMOVE_UNHEALTHY_AFTER: ['10', '0s', '25h', 'on', 'never'],
  SLACK_WEBHOOK_URL: ['hooks.slack.example/KEY', 'https:///KEY', 'ftp://hooks.slack.example', 'https://a b'],
  WEBHOOK_URL: ['alerts.example/KEY', 'https:///KEY', 'ftp://alerts.example', 'https://a b'],
  PUBLIC_ADMIN_URL: [
    'lb.example',
    'ftp://lb.example',
    'https://user:KEY@lb.example',
    'https://lb.example/?token=KEY',
    'https://lb.example/#top',
    'https://lb.example/a b',
    'https://',
  ],
  SLACK_COOLDOWN: ['5', '-5m'],
  REDIS_URL: [
    'redis.example:6379',
    'http://redis.example',
    'redis://',
    'redis://two words',
    'redis://one,two',
    'redis://one:70000',
    'redis://one/name',
    'redis://one/?db=1',
    'redis://one/#x',
    'redis://:%zz@one',
    'redis+cluster://one,',
    'redis+cluster://one/1',
    'redis+sentinel://one',
    'redis+sentinel://one/my master',
    'redis+sentinel://one/master/x',
    'redis+unix://one/socket',
    'redis+unix://',
    'rediss+unix:///socket',
    `redis://${'x'.repeat(4_100)}`,
  ],
  REDIS_PREFIX: ['two words', 'x'.repeat(65), 'a*b', 'ü'],
  API_KEYS: [
    ' , ',
    'alice',
    'alice:',
    ':secretKey1',
    'a b:secretKey1',
    'alice:secret/Key1',
    'alice:sécret',
    'alice:..',
    'alice:stats',
    `alice:${'x'.repeat(257)}`,
    'alice:secretKey1 rps=0',
    'alice:secretKey1 rps=1.5',
    'alice:secretKey1 rps=5 rps=6',
    'alice:secretKey1 rps',
    'alice:secretKey1 methods=',
    'alice:secretKey1 methods=a,,b',
    'alice:secretKey1 weight=3',
    'alice:secretKey1 secretKey2',
    'alice:secretKey1, secretKey2',
    'alice:secretKey1,alice:secretKey2',
    'alice:secretKey1,bob:secretKey1',
  ],
  CLIENT_RPS: ['0', '1.5', '-1', 'off', '1000001'],
  ALLOW_METHODS: [',', 'eth_call net_version', 'eth_é', 'x'.repeat(129)],
  DENY_METHODS: [',', 'debug_* trace_*'],
  CORS_ORIGINS: [
    ',',
    'app.example',
    'https://app.example/page',
    'https://*.app.example',
    'https://user@app.example',
    'https://app.example?',
    'null',
  ],
  TRUST_PROXY: [
    ',',
    '10.0.0.0/33',
    '10.0.0/8',
    'proxy.internal',
    '::1/129',
    '10.0.0.1/8/8',
    'fe80::1%eth0',
    '/8',
  ],
  TLS_CERT_FILE: ['two\nlines', 'x'.repeat(5_000)],
  TLS_KEY_FILE: ['two\nlines', 'x'.repeat(5_000)],
  TLS_MIN_VERSION: ['1.1', '2', 'TLSv1.2'],
  HTTP_REDIRECT_PORT: ['65536', '-1', 'on', 'http'],
  STATUS_PATHS: ['yes', '1'],
  SHUTDOWN_DELAY: ['0', '25h'],
  SHUTDOWN_TIMEOUT: ['30', '0s'],
  LOG_LEVEL: ['verbose', 'warning'],
  LOG_FORMAT: ['text', 'JSON lines'],
  LOG_SAMPLE: ['1.01', '-0.1', '10%', '0,5', '1e-3', 'all', 'off', '.'],
  ENV: ['two\nlines', 'x'.repeat(201)],
};

describe('a wrong value', () => {
  it('is tried here for every setting', () => {
    expect(Object.keys(WRONG).sort()).toEqual(SETTINGS.map((setting) => setting.name).sort());
  });

  it.each(Object.entries(WRONG).flatMap(([name, values]) => values.map((value) => [name, value] as const)))(
    '%s=%j is one problem of one line that says what is allowed',
    (name, value) => {
      const problems = problemsWith({ [name]: value });
      expect(problems.filter((problem) => problem.startsWith(`${name} (environment)`))).toEqual(problems);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toMatch(/allowed: \S/);
      expect(problems[0]).not.toContain('\n');
    },
  );

  it('is shown when it is no secret', () => {
    expect(problemsWith({ PORT: 'http' })).toEqual([
      'PORT (environment): "http" is not allowed; allowed: a port from 0 to 65535 (0 takes any free one)',
    ]);
  });

  it('is shown cut when it is long', () => {
    expect(problemsWith({ STRATEGY: 'x'.repeat(5000) })[0]?.length).toBeLessThan(300);
  });

  it('without a unit is told so', () => {
    expect(problemsWith({ REQUEST_TIMEOUT: '30' })[0]).toMatch(
      /"30" has no unit; allowed: .*500ms, 20s, 3m or 1h/,
    );
    for (const name of ['HEDGE', 'REMOVE_UNHEALTHY_AFTER'])
      expect(problemsWith({ [name]: '5' })[0]).toMatch(/"5" has no unit; allowed: off, or .*500ms, 20s/);
    expect(problemsWith({ HEDGE: 'atuo' })[0]).toMatch(/"atuo" is not allowed; allowed: off, or auto/);
    expect(problemsWith({ REQUEST_TIMEOUT: '30 s' })[0]).toMatch(
      /"30 s" has a space before its unit; allowed: /,
    );
    expect(problemsWith({ MAX_BODY: '50' })[0]).toMatch(/"50" has no unit; allowed: .*64kb or 1mb/);
  });

  it('of a choice is answered with the choice', () => {
    expect(problemsWith({ STRATEGY: 'fastest' })[0]).toMatch(/allowed: .*shuffle.*round-robin/);
    expect(problemsWith({ HEALTH_CHECK: 'icmp' })[0]).toMatch(/allowed: off, tcp/);
  });

  it.each([
    ['429,5xx,600', 'holds "5xx", which is neither a status nor a range'],
    ['429,504-502', 'holds "504-502", a range that ends before it begins'],
    ['302-404', 'holds "302-404", which is outside of 400 to 599'],
    ['500,,502', 'has an empty entry'],
  ])('of a list of statuses is told by the part that is wrong: %s', (written, reason) => {
    const allowed = 'statuses from 400 to 599 and ranges of them such as 502-504, separated by commas';
    expect(problemsWith({ RETRY_STATUS: written })).toEqual([
      `RETRY_STATUS (environment): "${written}" ${reason}; allowed: ${allowed}`,
    ]);
  });
});

describe('a right value', () => {
  it.each<[string, string, keyof Config, unknown]>([
    ['STRATEGY', 'round-robin', 'strategy', 'round-robin'],
    ['STRATEGY', 'random', 'strategy', 'random'],
    ['STRATEGY', ' Shuffle ', 'strategy', 'shuffle'],
    ['STICKY', 'Address', 'sticky', 'address'],
    ['STICKY', 'off', 'sticky', undefined],
    ['ERROR_TIME_TO_LIVE_MINUTES', 'AUTO', 'errorTimeToLiveMs', 'auto'],
    ['ERROR_TIME_TO_LIVE_MINUTES', '5', 'errorTimeToLiveMs', 300_000],
    ['ERROR_TIME_TO_LIVE_MINUTES', '0.05', 'errorTimeToLiveMs', 3_000],
    ['ERROR_TIME_TO_LIVE_MINUTES', '.5', 'errorTimeToLiveMs', 30_000],
    ['PORT', '0', 'port', 0],
    ['PORT', ':3030', 'port', 3030],
    ['PORT', '65535', 'port', 65_535],
    ['HOST', '::', 'host', '::'],
    ['HOST', '[::1]', 'host', '::1'],
    ['HOST', 'lb_1.internal', 'host', 'lb_1.internal'],
    ['ADMIN_PORT', 'OFF', 'adminPort', undefined],
    ['ADMIN_PORT', ':9191', 'adminPort', 9191],
    ['ADMIN_HOST', 'LocalHost', 'adminHost', 'LocalHost'],
    ['ADMIN_HOST', '[::1]', 'adminHost', '::1'],
    ['ADMIN_HOST', '127.8.8.8', 'adminHost', '127.8.8.8'],
    ['ADMIN_TOKEN', ' a"b=+/~ ', 'adminToken', 'a"b=+/~'],
    ['PERSIST_SERVERS', 'Off', 'persistServers', undefined],
    ['REQUEST_TIMEOUT', '1.5s', 'requestTimeoutMs', 1_500],
    ['REQUEST_TIMEOUT', '24h', 'requestTimeoutMs', 86_400_000],
    ['TUNNEL_IDLE_TIMEOUT', '90m', 'tunnelIdleTimeoutMs', 5_400_000],
    ['MAX_URL', '512B', 'maxUrlBytes', 512],
    ['MAX_ATTEMPTS', '3', 'maxAttempts', 3],
    ['RETRY_STATUS', '500 , 503', 'retryStatus', new Set([500, 503])],
    [
      'RETRY_STATUS',
      '404, 502 - 504,503-505,520-520',
      'retryStatus',
      new Set([404, 502, 503, 504, 505, 520]),
    ],
    ['HEALTH_CHECK', 'off', 'healthCheck', 'off'],
    ['HEALTH_CHECK', 'RPC', 'healthCheck', 'rpc'],
    ['REMOVE_UNHEALTHY_AFTER', 'off', 'removeUnhealthyAfterMs', undefined],
    ['REMOVE_UNHEALTHY_AFTER', '10m', 'removeUnhealthyAfterMs', 600_000],
    ['HEALTH_CHECK_PATH', '/health?deep=1', 'healthCheckPath', '/health?deep=1'],
    ['HEALTH_CHECK_PATH', '/.well-known/x', 'healthCheckPath', '/.well-known/x'],
    [
      'SLACK_WEBHOOK_URL',
      'https://hooks.slack.example/A/B',
      'slackWebhookUrl',
      'https://hooks.slack.example/A/B',
    ],
    ['SLACK_COOLDOWN', '0s', 'slackCooldownMs', 0],
    ['WEBHOOK_URL', 'http://alerts.example/A?b=c', 'webhookUrl', 'http://alerts.example/A?b=c'],
    ['PUBLIC_ADMIN_URL', 'https://lb.example', 'publicAdminUrl', 'https://lb.example'],
    ['PUBLIC_ADMIN_URL', 'https://lb.example:9090/ops//', 'publicAdminUrl', 'https://lb.example:9090/ops'],
    ['TRUST_PROXY', '10.1.2.3, fd00::/8', 'trustProxy', ['10.1.2.3/32', 'fd00::/8']],
    ['TRUST_PROXY', 'Loopback,0.0.0.0/0', 'trustProxy', ['127.0.0.0/8', '::1/128', '0.0.0.0/0']],
    ['TRUST_PROXY', 'private', 'trustProxy', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7']],
    ['TLS_MIN_VERSION', '1.3', 'tlsMinVersion', '1.3'],
    ['HTTP_REDIRECT_PORT', 'Off', 'httpRedirectPort', undefined],
    ['STATUS_PATHS', 'off', 'statusPaths', false],
    ['LOG_LEVEL', 'WARN', 'logLevel', 'warn'],
    ['LOG_SAMPLE', '0', 'logSample', 0],
    ['LOG_SAMPLE', '.05', 'logSample', 0.05],
    ['LOG_SAMPLE', '1.0', 'logSample', 1],
    ['ENV', 'production', 'env', 'production'],
  ])('%s=%j is taken', (name, value, key, expected) => {
    expect(configWith({ [name]: value })[key]).toEqual(expected);
  });
});

describe('defaults', () => {
  it('are these', () => {
    const { pools, ...config } = configWith({});
    expect(pools).toHaveLength(1);
    expect(config).toEqual({
      upstreams: [{ url: new URL('https://one.example'), name: 'one.example', tier: 'primary', weight: 1 }],
      strategy: 'shuffle',
      sticky: undefined,
      errorTimeToLiveMs: 'auto',
      port: 8080,
      host: '0.0.0.0',
      adminPort: 9090,
      adminHost: '127.0.0.1',
      adminToken: undefined,
      persistServers: undefined,
      areListsPersisted: false,
      requestTimeoutMs: 30_000,
      clientHeaderTimeoutMs: 15_000,
      clientBodyTimeoutMs: 30_000,
      clientKeepAliveMs: 75_000,
      maxHeaderSizeBytes: 32_768,
      maxUrlBytes: 8_192,
      maxConnections: 10_000,
      tunnelIdleTimeoutMs: 3_600_000,
      attemptTimeoutMs: 10_000,
      streamIdleTimeoutMs: 60_000,
      connectTimeoutMs: 2_000,
      maxAttempts: Number.POSITIVE_INFINITY,
      retryStatus: new Set([429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527, 528, 529, 530]),
      pacing: 'auto',
      maxQueueWaitMs: 1_000,
      maxQueue: 1_000,
      hedge: 'auto',
      avoidSlow: true,
      maxBodyBytes: 52_428_800,
      maxReplayBodyBytes: 1_048_576,
      maxBatch: 1_000,
      maxBufferedBytes: 256 * 1_024 * 1_024,
      healthCheck: 'tcp',
      healthCheckIntervalMs: 20_000,
      healthCheckTimeoutMs: 2_000,
      healthCheckPath: '/',
      healthCheckRise: 1,
      healthCheckFall: 2,
      chainId: undefined,
      maxBlockLag: 10,
      removeUnhealthyAfterMs: undefined,
      slackWebhookUrl: undefined,
      slackCooldownMs: 300_000,
      redisPrefix: 'rpc-lb',
      trustProxy: undefined,
      tlsCertFile: undefined,
      tlsKeyFile: undefined,
      tlsMinVersion: '1.2',
      httpRedirectPort: undefined,
      workers: 1,
      statusPaths: true,
      shutdownDelayMs: 0,
      shutdownTimeoutMs: 30_000,
      logLevel: 'info',
      logFormat: 'json',
      logSample: 1,
      env: undefined,
      leftOut: [],
    });
  });

  it('have pretty logs on a terminal only', () => {
    expect(configOf({ env: LISTS, isTerminal: true }).logFormat).toBe('pretty');
    expect(configOf({ env: { ...LISTS, LOG_FORMAT: 'json' }, isTerminal: true }).logFormat).toBe('json');
  });

  it('lower the replayed body to a lower MAX_BODY', () => {
    expect(configWith({ MAX_BODY: '10kb' }).maxReplayBodyBytes).toBe(10_240);
  });
});

describe('settings that contradict each other', () => {
  it('are a problem: a replayed body above MAX_BODY', () => {
    expect(problemsWith({ MAX_BODY: '10kb', MAX_REPLAY_BODY: '11kb' })).toEqual([
      'MAX_REPLAY_BODY (environment): "11kb" is more than MAX_BODY; allowed: up to 10kb',
    ]);
    expect(problemsWith({ MAX_BODY: '10kb', MAX_REPLAY_BODY: '10kb' })).toEqual([]);
  });
});

describe('a Config', () => {
  it('is deeply frozen', () => {
    const config = configWith({ SLACK_WEBHOOK_URL: 'https://hooks.slack.example/KEY' });
    const { upstreams, pools, retryStatus } = config;
    for (const part of [config, upstreams, pools, retryStatus, ...upstreams, ...pools]) {
      expect(Object.isFrozen(part)).toBe(true);
    }
  });
});
